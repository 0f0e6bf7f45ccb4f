#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whatever a file says of its streams, chapters, programs and groups, FFmpeg neither aborts nor hangs: each value in TRAK and
META of a file that has all there is, is replaced by extremes or left out, one at a time, and the result is opened, printed,
decoded, seeked in and copied to other formats. Side data that are too short for who uses them are not handed out. Argument: none; the program ffmpeg_exercise lies in H4MK_TEST_BIN or the current folder."""
import base64
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(os.environ["H4MK_SOURCE_DIR"]) / "tests" / "support"))
import chunks  # noqa: E402

PREFIX = pathlib.Path(os.environ["H4MK_FFMPEG_PREFIX"])
EXERCISE = (pathlib.Path(os.environ.get("H4MK_TEST_BIN", ".")) / "ffmpeg_exercise").resolve()
FILES_A_RUN = 200

INTEGERS = [-(2**63), -(2**31), -2, -1, 0, 1, 17, 1000, 65536, 2**31 - 1, 2**32 - 1, 2**63 - 1]
RATIONALS = ["0/0", "1/0", "-1/0", "0/1", "-1/3", "2147483647/1", "1/2147483647", "-2147483648/1", "4294967297/4294967297"]
WRONG_KINDS = ["", "unknown", None, [], {}, 1e300, True]
TEXTS = {
    "kind": ["video", "audio", "subtitle", "data", "attachment", "unknown", "captions"],
    "codec": ["h264", "hevc", "aac", "opus", "pcm_s16le", "subrip", "text", "rawvideo", "timed_id3", "ttf", "h4mk_audio", "none"],
    "pixel_format": ["pal8", "vaapi", "nv12"],
    "sample_format": ["u8", "dblp"],
    "channel_layout": ["2147483647 channels", "ambisonic 9999", "22.2", "FL@" + "x" * 40, "-1 channels"],
    "time_base": [],
    "type": ["iamf_audio_element", "iamf_mix_presentation", "tile_grid", "lcevc", "mix_gain", "demixing", "recon_gain", "channel", "scene"],
    "disposition": ["attached_pic", "still_image", "timed_thumbnails"],
}

# What the clip has no example of: each form of side data that is JSON, and groups of each type.
SIDE_DATA = [
    {"name": "stereo3d", "type": "top and bottom", "flags": 1, "view": "left", "primary_eye": "left", "baseline": 65000,
     "horizontal_disparity_adjustment": "-1/100", "horizontal_field_of_view": "63/1"},
    {"name": "spherical", "projection": "tiled equirectangular", "yaw": 1, "pitch": 2, "roll": 3, "bound_left": 1, "bound_top": 2,
     "bound_right": 3, "bound_bottom": 4, "padding": 5},
    {"name": "mastering_display", "display_primaries": ["1/2"] * 6, "white_point": ["1/3", "1/3"], "min_luminance": "1/100",
     "max_luminance": "1000/1", "has_primaries": 1, "has_luminance": 1},
    {"name": "content_light_level", "max_cll": 1000, "max_fall": 400},
    {"name": "ambient_viewing_environment", "ambient_illuminance": "10/1", "ambient_light_x": "1/3", "ambient_light_y": "1/3"},
    {"name": "cpb_properties", "max_bitrate": 1, "min_bitrate": 1, "avg_bitrate": 1, "buffer_size": 1, "vbv_delay": 1},
    {"name": "dovi_configuration", "dv_version_major": 1, "dv_version_minor": 0, "dv_profile": 8, "dv_level": 6,
     "rpu_present_flag": 1, "el_present_flag": 0, "bl_present_flag": 1, "dv_bl_signal_compatibility_id": 4, "dv_md_compression": 0},
    {"name": "producer_reference_time", "wallclock": 1, "flags": 1},
    {"name": "audio_service_type", "type": "karaoke"},
    {"name": "display_matrix", "data": "AAAAAAAAAQAAAAAAAAD//wAAAAAAAAAAAAAAAAAAAAAAAABA"},
    {"name": "iamf_mix_gain", "type": "mix_gain", "parameter_id": 1, "parameter_rate": 48000, "duration": 10,
     "constant_subblock_duration": 10, "subblocks": [{"subblock_duration": 10, "animation_type": "linear", "start_point_value": "1/2"}]},
]
LAYER = {"channels": 1, "channel_layout": "mono", "flags": 1, "output_gain_flags": 1, "output_gain": "1/2",
         "ambisonics_mode": "mono", "demixing_matrix": ["1/1"]}
MIX = SIDE_DATA[-1]
GROUPS = [
    {"type": "tile_grid", "id": 1, "streams": [0], "tiles": [{"stream": 0, "horizontal": 0, "vertical": 0}], "coded_width": 64,
     "coded_height": 48, "background": [0, 0, 0, 0], "horizontal_offset": 0, "vertical_offset": 0, "width": 64, "height": 48,
     "side_data": [{"name": "content_light_level", "max_cll": 1000, "max_fall": 400}]},
    {"type": "lcevc", "id": 2, "streams": [0], "lcevc_index": 0, "width": 64, "height": 48},
    {"type": "iamf_audio_element", "id": 3, "streams": [1], "audio_element_type": "channel", "default_w": 1, "layers": [LAYER],
     "demixing_info": {**MIX, "type": "demixing", "subblocks": [{"subblock_duration": 10, "dmixp_mode": 1}]},
     "recon_gain_info": {**MIX, "type": "recon_gain", "subblocks": [{"subblock_duration": 10, "recon_gain": [1] * 72}]}},
    {"type": "iamf_mix_presentation", "id": 4, "streams": [1], "annotations": {"en": "x"}, "submixes": [{
        "default_mix_gain": "1/2", "output_mix_config": MIX,
        "elements": [{"audio_element_id": 3, "default_mix_gain": "0/1", "headphones_rendering_mode": "stereo",
                      "element_mix_config": MIX, "annotations": {"en": "y"}}],
        "layouts": [{"layout_type": "loudspeakers", "integrated_loudness": "1/2", "digital_peak": "1/2", "channels": 1,
                     "channel_layout": "mono"}]}]},
]


def make_clip():
    pathlib.Path("s.srt").write_text("1\n00:00:00,050 --> 00:00:00,100\nhi\n\n")
    subprocess.run(
        [PREFIX / "bin" / "ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25", "-f", "lavfi", "-i", "sine",
         "-i", "s.srt", "-map", "0", "-map", "1", "-map", "2", "-t", "1", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2",
         "-c:a", "aac", "-c:s", "srt", "-disposition:v", "default", "-y", "clip.h4mk"], check=True)
    clip = chunks.File(pathlib.Path("clip.h4mk").read_bytes())
    clip.drop_index()
    return clip


def complete(clip):
    """TRAK and META of the clip, with all that a file may say."""
    trak, meta = clip.json("TRAK"), clip.json("META")
    tracks = trak["tracks"]
    for track in tracks:
        for key, value in {"stream_id": 7, "bit_rate": 1000, "bits_per_coded_sample": 8, "bits_per_raw_sample": 8, "profile": 1,
                           "level": 1, "block_align": 4, "frame_size": 1024, "initial_padding": 1, "trailing_padding": 1, "seek_preroll": 1,
                           "video_delay": 2, "codec_tag": 5, "avg_frame_rate": "25/1", "r_frame_rate": "25/1", "width": 64, "height": 48,
                           "discard": "default", "disposition": ["default"], "start_time": 0, "framerate": "25/1",
                           "sample_aspect_ratio": "1/1", "stream_sample_aspect_ratio": "1/1"}.items():
            track.setdefault(key, value)
    tracks[0]["side_data"] = copy.deepcopy(SIDE_DATA)
    tracks[0].update(color_range="tv", color_primaries="bt709", color_transfer="bt709", color_space="bt709",
                     chroma_location="left", field_order="progressive")
    tracks[1]["channel_map"] = [{"channel": 0, "name": "x"}]
    meta["chapters"] = [{"id": 1, "time_base": "1/1000", "start": 0, "end": 100, "tags": {"title": "x"}}]
    meta["programs"] = [{"id": 1, "flags": 0, "discard": "default", "program_num": 1, "pmt_pid": 1, "pcr_pid": 2, "pmt_version": 0,
                         "streams": [0, 1]}]
    meta["stream_groups"] = copy.deepcopy(GROUPS)
    meta["start_time_realtime"] = 1
    return trak, meta


# How much of side data those who use them read without a look at the size.
SHORTEST = {"skip_samples": 10, "mpegts_stream_id": 1, "quality_stats": 8, "palette": 1024, "param_change": 4, "replaygain": 16,
            "display_matrix": 36, "fallback_track": 4, "jp_dualmono": 1, "subtitle_position": 16, "active_format": 1, "s12m_timecode": 16,
            "frame_cropping": 16, "matroska_blockadditional": 8}


def leaves(value, path=()):
    if isinstance(value, (dict, list)):
        yield path
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, member in items:
            if key not in ("tags", "annotations", "encoder"):
                yield from leaves(member, path + (key,))
    else:
        yield path


def value_at(value, path):
    for key in path:
        value = value[key]
    return value


def replacements(path, old):
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if isinstance(old, (dict, list)):
        return [[], {}, 5]
    if isinstance(old, int):
        return INTEGERS + WRONG_KINDS[:3]
    if key in TEXTS and key != "time_base":
        return TEXTS[key] + [99999, -1] + WRONG_KINDS[:2]
    if "/" in old:
        return RATIONALS + WRONG_KINDS[:3]
    return [99999, -1, 2**31] + WRONG_KINDS


def variants(clip):
    """Names and contents of files, each with one value that is another."""
    parts = dict(zip(("TRAK", "META"), complete(clip)))
    yield "as it is", parts
    # a layout is read from the first of its three forms that can be
    bare = copy.deepcopy(parts)
    del bare["TRAK"]["tracks"][1]["channel_layout"]
    for name, base in (("", parts), ("without layout: ", bare)):
        for tag in ("TRAK", "META"):
            for path in leaves(base[tag]):
                if not path or name and "channel_map" not in path and path[-1] != "channels":
                    continue
                for new in replacements(path, value_at(base[tag], path)):
                    changed = dict(base)
                    changed[tag] = copy.deepcopy(base[tag])
                    value_at(changed[tag], path[:-1])[path[-1]] = new
                    yield f"{name}{tag} {'.'.join(map(str, path))} = {json.dumps(new)}", changed
    for tag in ("TRAK", "META"):
        for path in leaves(parts[tag]):
            if path:
                changed = dict(parts)
                changed[tag] = copy.deepcopy(parts[tag])
                del value_at(changed[tag], path[:-1])[path[-1]]
                yield f"{tag} without {'.'.join(map(str, path))}", changed


def show(path):
    """ffprobe prints all; returns what is wrong."""
    for layout in ("default", "json", "flat"):
        result = subprocess.run([PREFIX / "bin" / "ffprobe", "-v", "error", "-of", layout, "-show_streams", "-show_stream_groups", "-show_programs",
                                 "-show_chapters", "-show_format", "-show_packets", path], capture_output=True, text=True)
        if result.returncode:
            return f"ffprobe -of {layout}: {result.returncode} {result.stderr.strip()[-200:]}"
    for group in ("Tile Grid", "LCEVC", "IAMF Audio Element", "IAMF Mix Presentation"):
        if group not in result.stdout:
            return f"ffprobe: no {group}"
    return None


def short_side_data(clip):
    """Puts side data of each name into the first track, a byte too short and just long enough; returns what is wrong."""
    trak, _ = complete(clip)
    for name, size in SHORTEST.items():
        for length in (size - 1, size):
            trak["tracks"][0]["side_data"] = [{"name": name, "data": base64.b64encode(bytes(length)).decode()}]
            clip.set_json("TRAK", trak)
            pathlib.Path("short.h4mk").write_bytes(clip.bytes())
            result = subprocess.run([PREFIX / "bin" / "ffprobe", "-v", "verbose", "-show_entries", "stream_side_data", "-of", "json", "short.h4mk"],
                                    capture_output=True, text=True)
            found = sum(len(stream.get("side_data_list", [])) for stream in json.loads(result.stdout)["streams"])
            if found != (length == size) or ("Skipping side data" in result.stderr) != (length < size):
                yield f"{name} of {length} bytes: {found} side data, {result.stderr.strip()[-200:]}"


def copies(clip):
    """A copy by ffmpeg of groups that lack a member: what it makes of them is not in reach of run(). Returns what is wrong."""
    _, meta = complete(clip)
    for path in leaves(meta["stream_groups"]):
        changed = copy.deepcopy(meta)
        if path:
            del value_at(changed["stream_groups"], path[:-1])[path[-1]]
        clip.set_json("META", changed)
        pathlib.Path("groups.h4mk").write_bytes(clip.bytes())
        result = subprocess.run([PREFIX / "bin" / "ffmpeg", "-v", "error", "-nostdin", "-y", "-i", "groups.h4mk", "-map", "0", "-c", "copy", "-f", "h4mk",
                                 "-t", "0.1", "copy.h4mk"], capture_output=True, text=True)
        if result.returncode < 0:
            yield f"ffmpeg -c copy of groups without {path}: signal {-result.returncode}"


def run(names):
    """Goes through files; returns those that end the program."""
    ended, rest = [], list(names)
    while rest:
        result = subprocess.run([EXERCISE], input="".join(f"{name}\n" for name in rest), capture_output=True, text=True)
        if not result.returncode:
            break
        done = len(result.stdout.splitlines())
        ended.append((rest[done - 1], result.returncode, result.stderr.strip()[-200:]))
        rest = rest[done:]
    return ended


def main():
    failures, count = [], 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        clip, batch = make_clip(), {}

        def flush():
            for name, code, message in run(batch):
                failures.append(f"{batch[name]}: {'signal ' + str(-code) if code < 0 else 'exit code ' + str(code)} {message}")
            for name in batch:
                os.unlink(name)
            batch.clear()

        for number, (what, parts) in enumerate(variants(clip)):
            for tag, value in parts.items():
                clip.set_json(tag, value)
            name = f"{number}.h4mk"
            pathlib.Path(name).write_bytes(clip.bytes())
            batch[name] = what
            if not count and (message := show(name)):
                failures.append(message)
            count += 1
            if len(batch) == FILES_A_RUN:
                flush()
        flush()
        failures += short_side_data(make_clip())
        failures += copies(make_clip())
    for failure in failures:
        print("FAILED:", failure)
    print(f"{count} files, {len(failures)} failures")
    return 1 if failures or count < 1000 else 0


sys.exit(main())
