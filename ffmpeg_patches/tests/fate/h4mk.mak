# libh4mk decides how the bytes of a file look and where they stand, so these
# tests compare what comes out of files, and neither files nor positions.

# This tests that everything comes back from a stream copy: timestamps, also
# negative ones, in time bases that differ, payloads, codec parameters,
# dispositions, metadata and chapters.
FATE_H4MK_FFMPEG_FFPROBE-$(call ALLYES, RAWVIDEO_DEMUXER WAV_DEMUXER FFMETADATA_DEMUXER \
                           H4MK_MUXER H4MK_DEMUXER FILE_PROTOCOL) += fate-h4mk-remux
fate-h4mk-remux: tests/data/vsynth1.yuv tests/data/asynth-44100-2.wav tests/data/h4mk.meta
fate-h4mk-remux: CMD = enc_external tests/data/asynth-44100-2.wav h4mk \
    "-f rawvideo -s 352x288 -framerate 30000/1001 -itsoffset -0.5 -i $(TARGET_PATH)/tests/data/vsynth1.yuv \
     -i $(TARGET_PATH)/tests/data/h4mk.meta -map 1 -map 0 -map_metadata 2 -copyts -t 0.3 -c copy \
     -metadata:s:a language=mul -disposition:a comment+original -flags +bitexact -fflags +bitexact" \
    "-show_data_hash crc32 -of compact -show_entries packet=stream_index,pts,dts,duration,size,flags,data_hash:stream=codec_name,time_base,start_time,pix_fmt,width,height,r_frame_rate,sample_fmt,sample_rate,bits_per_sample:stream_tags:stream_disposition=comment,original,default:format_tags:chapter:chapter_tags"

tests/data/h4mk.meta: TAG = GEN
tests/data/h4mk.meta: | tests/data
	$(M)printf ';FFMETADATA1\ntitle=two words\nartist=\303\251\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=100\ntitle=one\n[CHAPTER]\nTIMEBASE=1/90000\nSTART=9000\nEND=18000\n' > $@

# This tests what encoders tell a muxer: reordered and disposable frames, and
# the extradata of FLAC, which is complete only at the end.
FATE_H4MK_FFMPEG_FFPROBE-$(call ALLYES, RAWVIDEO_DEMUXER WAV_DEMUXER MPEG4_ENCODER FLAC_ENCODER \
                           H4MK_MUXER H4MK_DEMUXER FILE_PROTOCOL) += fate-h4mk-encode
fate-h4mk-encode: tests/data/vsynth1.yuv tests/data/asynth-44100-2.wav
fate-h4mk-encode: KEEP_FILES ?= 1
fate-h4mk-encode: CMD = enc_external tests/data/asynth-44100-2.wav h4mk \
    "-f rawvideo -s 352x288 -i $(TARGET_PATH)/tests/data/vsynth1.yuv -map 0 -map 1 \
     -c:a flac -frame_size 4608 -frames:a 16 -c:v mpeg4 -bf 2 -g 12 -threads 1 -frames:v 40 -flags +bitexact -fflags +bitexact" \
    "-show_data_hash crc32 -of compact -show_entries packet=stream_index,pts,dts,duration,size,flags,data_hash:stream=index,codec_name,time_base,extradata_size,extradata_hash,has_b_frames,avg_frame_rate"

# This tests where seeks in the file of fate-h4mk-encode lead.
FATE_H4MK_SEEK-$(call ALLYES, H4MK_MUXER MPEG4_ENCODER FLAC_ENCODER RAWVIDEO_DEMUXER WAV_DEMUXER \
                 H4MK_DEMUXER FILE_PROTOCOL) += fate-h4mk-seek
fate-h4mk-seek: fate-h4mk-encode libavformat/tests/seek$(EXESUF)
fate-h4mk-seek: CMD = run libavformat/tests/seek$(EXESUF) $(TARGET_PATH)/tests/data/fate/h4mk-encode.h4mk | sed -e "s/ pos:.*size/ size/"

FATE_FFMPEG_FFPROBE += $(FATE_H4MK_FFMPEG_FFPROBE-yes)
FATE_FFMPEG         += $(FATE_H4MK_SEEK-yes)
fate-h4mk: $(FATE_H4MK_FFMPEG_FFPROBE-yes) $(FATE_H4MK_SEEK-yes)
