# libh4mk decides how the bytes of a file look and where they stand, so these
# tests compare what comes out of files, and neither files nor positions.

# This tests that everything comes back from a stream copy: timestamps, also
# negative ones, in time bases that differ, payloads, codec parameters,
# dispositions, metadata and chapters.
FATE_H4MK_FFMPEG_FFPROBE-$(call ALLYES, RAWVIDEO_DEMUXER WAV_DEMUXER FFMETADATA_DEMUXER \
                           H4MK_MUXER H4MK_DEMUXER FILE_PROTOCOL) += fate-h4mk-remux
fate-h4mk-remux: tests/data/vsynth1.yuv tests/data/asynth-44100-2.wav tests/data/h4mk.meta
fate-h4mk-remux: KEEP_FILES ?= 1
fate-h4mk-remux: CMD = enc_external tests/data/asynth-44100-2.wav h4mk \
    "-f rawvideo -s 352x288 -framerate 30000/1001 -itsoffset -0.5 -i $(TARGET_PATH)/tests/data/vsynth1.yuv \
     -i $(TARGET_PATH)/tests/data/h4mk.meta -map 1 -map 0 -map_metadata 2 -copyts -t 0.3 -c copy \
     -metadata creation_time=2020-01-01T00:00:00Z -metadata:s:a language=mul -disposition:a comment+original -flags +bitexact -fflags +bitexact" \
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
    "-show_data_hash crc32 -of compact -show_entries packet=stream_index,pts,dts,duration,size,flags,data_hash:stream=index,codec_name,time_base,extradata_size,extradata_hash,has_b_frames,avg_frame_rate" | sed -e "s/|$$//"

# This tests where seeks in the file of fate-h4mk-encode lead.
FATE_H4MK_SEEK-$(call ALLYES, H4MK_MUXER MPEG4_ENCODER FLAC_ENCODER RAWVIDEO_DEMUXER WAV_DEMUXER \
                 H4MK_DEMUXER FILE_PROTOCOL) += fate-h4mk-seek
fate-h4mk-seek: fate-h4mk-encode libavformat/tests/seek$(EXESUF)
fate-h4mk-seek: CMD = run libavformat/tests/seek$(EXESUF) $(TARGET_PATH)/tests/data/fate/h4mk-encode.h4mk | sed -e "s/ pos:.*size/ size/"

#if H4MK_HAVE_SIDE_DATA
# This tests side data of streams: a display matrix, which is words in the byte
# order of the machine.
FATE_H4MK_FFMPEG_FFPROBE-$(call ALLYES, RAWVIDEO_DEMUXER WAV_DEMUXER H4MK_MUXER H4MK_DEMUXER \
                           FILE_PROTOCOL) += fate-h4mk-side-data
fate-h4mk-side-data: tests/data/vsynth1.yuv tests/data/asynth-44100-2.wav
fate-h4mk-side-data: CMD = enc_external tests/data/asynth-44100-2.wav h4mk \
    "-display_rotation 90 -f rawvideo -s 352x288 -i $(TARGET_PATH)/tests/data/vsynth1.yuv -map 1 \
     -c copy -frames:v 2 -fflags +bitexact" \
    "-of default=nw=1 -show_entries stream=index:stream_side_data=rotation"

#endif
#if H4MK_HAVE_STREAM_GROUPS
# This tests stream groups, by an element of immersive audio.
FATE_H4MK_FFMPEG_FFPROBE-$(call ALLYES, WAV_DEMUXER H4MK_MUXER H4MK_DEMUXER FILE_PROTOCOL) += fate-h4mk-groups
fate-h4mk-groups: tests/data/asynth-44100-2.wav
fate-h4mk-groups: CMD = enc_external tests/data/asynth-44100-2.wav h4mk \
    "-map 0 -c copy -t 0.1 -fflags +bitexact \
     -stream_group type=iamf_audio_element:id=7:st=0:audio_element_type=channel,layer=ch_layout=stereo:output_gain=1/2" \
    "-of default=nw=1 -show_entries stream_group=id,nb_streams,type:subcomponent=channel_layout,output_gain"

#endif
#if H4MK_HAVE_FOLLOW
# This tests that who follows a file that is complete comes to its end.
FATE_H4MK_FFMPEG_FFPROBE-$(call ALLYES, WAV_DEMUXER H4MK_MUXER H4MK_DEMUXER FILE_PROTOCOL) += fate-h4mk-follow
fate-h4mk-follow: tests/data/asynth-44100-2.wav
fate-h4mk-follow: CMD = enc_external tests/data/asynth-44100-2.wav h4mk \
    "-map 0 -c copy -t 0.3 -fflags +bitexact" \
    "-follow 1 -show_data_hash crc32 -of compact -show_entries packet=pts,size,flags,data_hash"

#endif
#if H4MK_HAVE_PROTECTION
# This tests that encrypted packets come back with the key.
FATE_H4MK_FFMPEG_FFPROBE-$(if $(HAVE_LIBH4MK_PROTECTION),$(call ALLYES, WAV_DEMUXER H4MK_MUXER H4MK_DEMUXER FILE_PROTOCOL)) += fate-h4mk-encryption
fate-h4mk-encryption: tests/data/asynth-44100-2.wav
fate-h4mk-encryption: H4MK_KEY = 000102030405060708090a0b0c0d0e0f
fate-h4mk-encryption: CMD = enc_external tests/data/asynth-44100-2.wav h4mk \
    "-map 0 -c copy -t 0.3 -fflags +bitexact -encryption_scheme aes-256-gcm -encryption_key $(H4MK_KEY)" \
    "-decryption_key $(H4MK_KEY) -show_data_hash crc32 -of compact -show_entries packet=pts,size,flags,data_hash"

#endif
#if H4MK_HAVE_COMPRESSION
# This tests that compressed packets come back.
FATE_H4MK_FFMPEG_FFPROBE-$(if $(HAVE_LIBH4MK_ZSTD),$(call ALLYES, WAV_DEMUXER H4MK_MUXER H4MK_DEMUXER FILE_PROTOCOL)) += fate-h4mk-compression
fate-h4mk-compression: tests/data/asynth-44100-2.wav
fate-h4mk-compression: CMD = enc_external tests/data/asynth-44100-2.wav h4mk \
    "-map 0 -c copy -t 0.3 -fflags +bitexact -compression zstd" \
    "-show_data_hash crc32 -of compact -show_entries packet=pts,size,flags,data_hash"

#endif
#if H4MK_HAVE_VERSION1
# This tests version 1 of the format, which has milliseconds.
FATE_H4MK_FFMPEG_FFPROBE-$(if $(HAVE_LIBH4MK_LEGACY),$(call ALLYES, WAV_DEMUXER H4MK_MUXER H4MK_DEMUXER FILE_PROTOCOL)) += fate-h4mk-version1
fate-h4mk-version1: tests/data/asynth-44100-2.wav
fate-h4mk-version1: CMD = enc_external tests/data/asynth-44100-2.wav h4mk \
    "-map 0 -c copy -t 0.3 -fflags +bitexact -format_version 1" \
    "-show_data_hash crc32 -of compact -show_entries packet=pts,size,flags,data_hash:stream=codec_name,sample_rate,channels"

#endif
#if H4MK_HAVE_MASK
# This tests that what is masked and unmasked is what it was.
FATE_H4MK_FFMPEG-$(if $(HAVE_LIBH4MK_PROTECTION),$(call ALLYES, H4MASK_BSF WAV_DEMUXER FRAMECRC_MUXER FILE_PROTOCOL PIPE_PROTOCOL)) += fate-h4mk-mask
fate-h4mk-mask: tests/data/asynth-44100-2.wav
fate-h4mk-mask: H4MK_KEY = 000102030405060708090a0b0c0d0e0f
fate-h4mk-mask: CMD = framecrc -channel_layout stereo -i $(TARGET_PATH)/tests/data/asynth-44100-2.wav -t 0.3 -c copy \
    -bsf:a h4mask=key=$(H4MK_KEY):container=h4mk,h4mask=key=$(H4MK_KEY):op=unmask

#endif
#if H4MK_HAVE_EXACT
# This tests that a copy is the same: what fate-h4mk-remux has, the time at which
# its input was made, and the ids of its streams.
FATE_H4MK_FFMPEG_FFPROBE-$(call ALLYES, RAWVIDEO_DEMUXER WAV_DEMUXER FFMETADATA_DEMUXER \
                           H4MK_MUXER H4MK_DEMUXER FILE_PROTOCOL) += fate-h4mk-copy
fate-h4mk-copy: fate-h4mk-remux
fate-h4mk-copy: CMD = enc_external tests/data/fate/h4mk-remux.h4mk h4mk \
    "-copyts -map 0 -c copy -fflags +bitexact" \
    "-show_data_hash crc32 -of compact -show_entries packet=stream_index,pts,dts,duration,size,flags,data_hash:stream=id,codec_name,time_base,start_time:stream_tags:stream_disposition=comment,original,default:format_tags:chapter:chapter_tags"

#endif
FATE_FFMPEG_FFPROBE += $(FATE_H4MK_FFMPEG_FFPROBE-yes)
FATE_FFMPEG         += $(FATE_H4MK_FFMPEG-yes) $(FATE_H4MK_SEEK-yes)
fate-h4mk: $(FATE_H4MK_FFMPEG_FFPROBE-yes) $(FATE_H4MK_FFMPEG-yes) $(FATE_H4MK_SEEK-yes)
