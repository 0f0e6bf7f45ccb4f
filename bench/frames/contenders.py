# SPDX-License-Identifier: MIT
"""Who takes part. Each has count() and frames(numbers), which gives RGB pictures in the order of numbers, and decodes by one thread."""
import ctypes

import numpy as np


class H4mk:
    suffix, threads = ".h4mk", 1

    def __init__(self, base, media):
        import h4mk
        self.video = h4mk.open(f"{base}{self.suffix}", threads=self.threads).video

    def count(self):
        return len(self.video)

    def frames(self, numbers):
        return self.video.frames(numbers)


class AllThreads(H4mk):
    threads = 0


class Sidecar(H4mk):
    suffix = ".side.h4mk"


class DecodesAll(H4mk):
    """Without leaving out what nothing needs."""

    def __init__(self, base, media):
        from h4mk import _decoder
        original = _decoder.new_struct
        _decoder.new_struct = lambda name, **members: original(name, **{**members, **({"decode_all": 1} if name == "h4mk_frames_options" else {})})
        super().__init__(base, media)


class PyAv:
    """Frames in the order of their times, with a seek only where the next one is not in the group at hand. There are no frame numbers: times
    are taken from the average rate, as data loaders do."""

    def __init__(self, base, media):
        import av
        self.container = av.open(str(media))
        self.stream = self.container.streams.video[0]
        self.stream.thread_count = 1
        self.tick = 1 / self.stream.average_rate / self.stream.time_base
        self.start = self.stream.start_time or 0

    def count(self):
        return self.stream.frames

    def frames(self, numbers):
        found, position, frames = {}, None, iter(())
        for number in sorted(set(numbers)):
            target = self.start + round(number * self.tick)
            if position is None or number - position > 250 or number <= position:
                self.container.seek(target, stream=self.stream, backward=True, any_frame=False)
                frames = self.container.decode(self.stream)
            for frame in frames:
                position = round((frame.pts - self.start) / self.tick)
                if frame.pts >= target:
                    found[number] = frame.to_ndarray(format="rgb24")
                    break
        return [found.get(number) for number in numbers]


class OpenCv:
    def __init__(self, base, media):
        import cv2
        self.cv2 = cv2
        cv2.setNumThreads(1)
        self.capture = cv2.VideoCapture(str(media), cv2.CAP_FFMPEG)

    def count(self):
        return int(self.capture.get(self.cv2.CAP_PROP_FRAME_COUNT))

    def frames(self, numbers):
        found = {}
        for number in sorted(set(numbers)):
            self.capture.set(self.cv2.CAP_PROP_POS_FRAMES, number)
            good, picture = self.capture.read()
            found[number] = self.cv2.cvtColor(picture, self.cv2.COLOR_BGR2RGB) if good else None
        return [found[number] for number in numbers]


class Ffms2:
    """libffms2 by its C interface, with an index that was made before and lies in a file."""

    def __init__(self, base, media):
        lib = self.lib = ctypes.CDLL("libffms2.so.5")
        for name in ("FFMS_ReadIndex", "FFMS_CreateIndexer", "FFMS_DoIndexing2", "FFMS_CreateVideoSource", "FFMS_GetVideoProperties", "FFMS_GetFrame"):
            getattr(lib, name).restype = ctypes.c_void_p
        lib.FFMS_Init(0, 0)
        self.error = (ctypes.c_char * 1024)()

        class ErrorInfo(ctypes.Structure):
            _fields_ = [("type", ctypes.c_int), ("sub", ctypes.c_int), ("size", ctypes.c_int), ("buffer", ctypes.c_char_p)]

        self.info = ErrorInfo(0, 0, 1024, ctypes.cast(self.error, ctypes.c_char_p))
        info, path, cache = ctypes.byref(self.info), str(media).encode(), f"{media}.ffindex".encode()
        index = lib.FFMS_ReadIndex(cache, info)
        if not index:
            indexer = lib.FFMS_CreateIndexer(path, info)
            index = indexer and lib.FFMS_DoIndexing2(ctypes.c_void_p(indexer), 0, info)
            if not index:
                raise RuntimeError(self.error.value.decode())
            lib.FFMS_WriteIndex(cache, ctypes.c_void_p(index), info)
        track = lib.FFMS_GetFirstTrackOfType(ctypes.c_void_p(index), 0, info)
        source = lib.FFMS_CreateVideoSource(path, track, ctypes.c_void_p(index), 1, 1, info)
        lib.FFMS_DestroyIndex(ctypes.c_void_p(index))
        if not source:
            raise RuntimeError(self.error.value.decode())
        self.source, self.size = ctypes.c_void_p(source), None

    def count(self):
        properties = self.lib.FFMS_GetVideoProperties(self.source)
        # FPSDenominator, FPSNumerator, RFFDenominator, RFFNumerator, NumFrames
        return ctypes.cast(properties, ctypes.POINTER(ctypes.c_int))[4]

    def frame(self, number):
        """The struct FFMS_Frame as far as it is needed: four pointers, four strides, and width and height as they were coded."""
        pointer = self.lib.FFMS_GetFrame(self.source, number, ctypes.byref(self.info))
        if not pointer:
            raise RuntimeError(self.error.value.decode())
        data = ctypes.cast(pointer, ctypes.POINTER(ctypes.c_void_p))[0]
        numbers = ctypes.cast(pointer + 4 * ctypes.sizeof(ctypes.c_void_p), ctypes.POINTER(ctypes.c_int))
        return data, numbers[0], numbers[4], numbers[5]

    def frames(self, numbers):
        if self.size is None:
            _, _, width, height = self.frame(0)
            formats = (ctypes.c_int * 2)(self.lib.FFMS_GetPixFmt(b"rgb24"), -1)
            self.lib.FFMS_SetOutputFormatV2(self.source, formats, width, height, 2, ctypes.byref(self.info))
            self.size = width, height
        found, (width, height) = {}, self.size
        for number in sorted(set(numbers)):
            data, stride, _, _ = self.frame(number)
            raw = np.ctypeslib.as_array(ctypes.cast(data, ctypes.POINTER(ctypes.c_uint8)), (height, stride))
            found[number] = raw[:, :3 * width].reshape(height, width, 3).copy()
        return [found[number] for number in numbers]


CONTENDERS = {"h4mk": H4mk, "h4mk, sidecar": Sidecar, "h4mk, all threads": AllThreads, "h4mk, skips nothing": DecodesAll, "PyAV": PyAv, "OpenCV": OpenCv,
              "FFMS2": Ffms2}


def gray(picture):
    return picture @ np.array([0.299, 0.587, 0.114], np.float32)
