// SPDX-License-Identifier: MIT
//
// h4mk.h, "Conventions", 2: different handles are independent, so threads may use them at the same
// time. ThreadSanitizer (cmake --preset tsan) sees what this test alone would only see by chance.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

#include "crypto/secret.h"
#include "support/encryption.h"
#include "support/layouts.h"
#include "support/signing.h"

namespace h4mk_test {
namespace {

// All threads begin at the same moment.
void InThreads(size_t count, const std::function<void(size_t)>& work) {
  std::atomic<size_t> ready{0};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      for (++ready; ready < count;) std::this_thread::yield();
      work(i);
    });
  for (std::thread& thread : threads) thread.join();
}

// The first one in a process makes the heap that they all lie in, and 2000 are more than it holds.
TEST(SecretThreadsTest, SecretsAreMadeAndWipedAtTheSameTime) {
  std::vector<size_t> right(4);
  InThreads(right.size(), [&](size_t i) {
    std::vector<h4mk::Secret> secrets;
    for (int count = 0; count < 500; ++count)
      secrets.emplace_back(Bytes(1024, static_cast<uint8_t>(i)));
    for (const h4mk::Secret& secret : secrets)
      right[i] += secret.bytes().front() == i && secret.bytes().back() == i;
  });
  EXPECT_EQ(right, std::vector<size_t>(4, 500));
}

class ThreadsTest : public testing::Test {
 protected:
  ThreadsTest() : media_(Film()) {
    for (Track& track : media_.tracks) track.compression = "zstd";
    FillPayloads(&media_, 300);
    h4mk_writer_options options = Encrypting();
    options.signing_key = SigningKey().secret.c_str();
    bytes_ = Mux(media_, options);
    path_ = std::filesystem::temp_directory_path() / ("h4mk_threads_" + std::to_string(getpid()));
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes_.data()),
               static_cast<std::streamsize>(bytes_.size()));
  }
  ~ThreadsTest() override { std::filesystem::remove(path_); }

  // Reads, seeks and looks up with all keys; returns the number of blocks that are right.
  size_t ReadFile() {
    h4mk_io io = H4MK_IO_INIT;
    h4mk_reader* reader = nullptr;
    Keys keys(kMaster);
    keys.options.verify_key = SigningKey().open.c_str();
    size_t right = 0;
    if (h4mk_io_open_file(path_.c_str(), H4MK_OPEN_READ, &io) == H4MK_OK &&
        h4mk_reader_open(&io, &keys.options, &reader) == H4MK_OK) {
      h4mk_block block = H4MK_BLOCK_INIT;
      if (h4mk_reader_seek(reader, 0, 40, H4MK_SEEK_BACKWARD) == H4MK_OK &&
          h4mk_reader_seek(reader, 0, 0, H4MK_SEEK_BACKWARD) == H4MK_OK &&
          h4mk_reader_rewind(reader) == H4MK_OK)
        while (right < media_.blocks.size() && h4mk_reader_next(reader, &block) == H4MK_OK)
          right += Bytes(block.data, block.data + block.size) == media_.blocks[right].data;
    }
    h4mk_reader_free(reader);
    h4mk_io_close(&io);
    return right;
  }

  Media media_;
  Bytes bytes_;
  std::string path_;
};

TEST_F(ThreadsTest, ReadersOfOneFile) {
  std::vector<size_t> right(4);
  InThreads(right.size(), [&](size_t i) {
    for (int times = 0; times < 3; ++times) right[i] += ReadFile();
  });
  for (const size_t count : right) EXPECT_EQ(count, 3 * media_.blocks.size());
}

TEST_F(ThreadsTest, WritersAndReaders) {
  std::vector<size_t> right(4);
  InThreads(right.size(), [&](size_t i) {
    if (i % 2 == 0) {
      right[i] = ReadFile();
    } else {
      TestFile file;
      h4mk_writer_options options = Signing();
      options.encryption_scheme = H4MK_SCHEME_LIVING;
      const h4mk_key key = KeyOf(kMaster);
      options.encryption_key = &key;
      Writer writer(&file, options);
      for (const Track& track : media_.tracks) writer.AddTrack(track);
      for (const Block& block : media_.blocks) right[i] += writer.Write(block) == H4MK_OK;
      if (writer.Finish() != H4MK_OK) right[i] = 0;
    }
  });
  for (const size_t count : right) EXPECT_EQ(count, media_.blocks.size());
}

// A file that never ends, so that only being cancelled ends the work.
struct Endless {
  Bytes content;  // again and again
  bool can_seek = false;
  std::atomic<bool> stop{false};
  std::atomic<int64_t> reads{0};
  uint64_t position = 0;

  h4mk_io Io() {
    h4mk_io io = H4MK_IO_INIT;
    io.opaque = this;
    io.read = [](void* opaque, uint8_t* buffer, size_t size) {
      auto* file = static_cast<Endless*>(opaque);
      for (size_t i = 0; i < size; ++i)
        buffer[i] = file->content[static_cast<size_t>(file->position++ % file->content.size())];
      ++file->reads;
      return static_cast<int64_t>(size);
    };
    if (!can_seek) return io;
    io.seek = [](void* opaque, int64_t offset) {
      static_cast<Endless*>(opaque)->position = static_cast<uint64_t>(offset);
      return 0;
    };
    io.size = [](void*) { return INT64_MAX / 2; };
    return io;
  }
};

h4mk_status ReadUntilStopped(Endless* file) {
  const h4mk_io io = file->Io();
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.cancel_opaque = file;
  options.cancel = [](void* opaque) {
    return static_cast<int>(static_cast<Endless*>(opaque)->stop);
  };
  h4mk_reader* reader = nullptr;
  h4mk_block block = H4MK_BLOCK_INIT;
  h4mk_status status = h4mk_reader_open(&io, &options, &reader);
  while (H4MK_GOES_ON(status)) status = h4mk_reader_next(reader, &block);
  h4mk_reader_free(reader);
  return status;
}

h4mk_task TaskUntilStopped(Endless* file) {
  h4mk_task task = H4MK_TASK_INIT;
  task.opaque = file;
  task.progress = [](void* opaque, int64_t, int64_t) {
    return static_cast<int>(static_cast<Endless*>(opaque)->stop);
  };
  return task;
}

// An output that keeps nothing.
h4mk_io Nowhere() {
  h4mk_io io = H4MK_IO_INIT;
  io.write = [](void*, const uint8_t*, size_t size) { return static_cast<int64_t>(size); };
  io.seek = [](void*, int64_t) { return 0; };
  return io;
}

h4mk_status VerifyUntilStopped(Endless* file) {
  const h4mk_io io = file->Io();
  const h4mk_task task = TaskUntilStopped(file);
  h4mk_verify_options options = H4MK_VERIFY_OPTIONS_INIT;
  options.task = &task;
  return h4mk_verify(&io, &options, nullptr);
}

h4mk_status RecoverUntilStopped(Endless* file) {
  const h4mk_io io = file->Io(), out = Nowhere();
  const h4mk_task task = TaskUntilStopped(file);
  return h4mk_recover(&io, &out, &task, nullptr);
}

h4mk_status ConvertUntilStopped(Endless* file) {
  const h4mk_io io = file->Io(), out = Nowhere();
  const h4mk_task task = TaskUntilStopped(file);
  h4mk_convert_options options = H4MK_CONVERT_OPTIONS_INIT;
  options.task = &task;
  return h4mk_convert(&io, &out, &options);
}

// The flag is set by another thread, as a player's window does.
TEST_F(ThreadsTest, LongWorkIsCancelled) {
  TestFile growing;
  Writer writer(&growing, ClusterLimits(4000, 0));
  for (const Track& track : media_.tracks) writer.AddTrack(track);
  for (const Block& block : media_.blocks) ASSERT_EQ(writer.Write(block), H4MK_OK);
  ASSERT_EQ(writer.Flush(), H4MK_OK);
  const auto expect_cancelled = [&](const char* what, h4mk_status (*work)(Endless*),
                                    bool can_seek) {
    Endless file;
    file.content = growing.bytes;
    file.can_seek = can_seek;
    std::thread other([&file] {
      while (file.reads < 5) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      file.stop = true;
    });
    EXPECT_EQ(work(&file), H4MK_ERR_CANCELLED) << what;
    other.join();
  };
  expect_cancelled("reading a pipe", ReadUntilStopped, false);
  expect_cancelled("reading a file", ReadUntilStopped, true);
  expect_cancelled("verify", VerifyUntilStopped, true);
  expect_cancelled("recover", RecoverUntilStopped, true);
  expect_cancelled("convert", ConvertUntilStopped, true);
}

}  // namespace
}  // namespace h4mk_test
