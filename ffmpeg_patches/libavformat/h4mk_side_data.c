/*
 * H4MK: side data by name
 *
 * This file is part of FFmpeg.
 *
 * FFmpeg is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * FFmpeg is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * You should have received a copy of the GNU Lesser General Public
 * License along with FFmpeg; if not, write to the Free Software
 * Foundation, Inc., 51 Franklin Street, Fifth Floor, Boston, MA 02110-1301 USA
 */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "libavutil/avstring.h"
#include "libavutil/dovi_meta.h"
#include "libavutil/error.h"
#include "libavutil/hdr_dynamic_metadata.h"
#include "libavutil/intreadwrite.h"
#include "libavutil/log.h"
#include "libavutil/macros.h"
#include "libavutil/mastering_display_metadata.h"
#include "libavutil/mem.h"
#include "libavutil/replaygain.h"
#include "libavutil/spherical.h"
#include "libavutil/stereo3d.h"

#include "libavcodec/defs.h"
#include "libavcodec/packet.h"

#include "h4mk.h"
#include "h4mk_protection.h"

#if H4MK_HAVE_NEW_SIDE_DATA
#include "libavutil/ambient_viewing_environment.h"
#endif

#define F H4MK_FIELD

/**
 * How the payload of a type is written. Nothing that depends on the byte
 * order, the struct layout or the enum numbers of this build gets into a file.
 */
enum SideDataForm {
    FORM_BYTES,      ///< FFmpeg defines the bytes
    FORM_WORDS,      ///< an array of 32-bit words, little-endian in the file
    FORM_FIELDS,     ///< a struct, as a JSON object
    FORM_T35,        ///< a struct, as the T.35 payload it comes from
    FORM_IAMF,       ///< AVIAMFParamDefinition, as a JSON object
};

typedef struct SideDataType {
    const char *name;
    enum AVPacketSideDataType type;
    enum SideDataForm form;
    const H4MKField *fields;      ///< FORM_FIELDS only
    void *(*alloc)(size_t *size); ///< FORM_FIELDS only
    int (*is_valid)(const void *);///< whether what was read can be handed out; NULL: it can
    size_t min_size;              ///< what the users of the bytes read without a look at their size
} SideDataType;

#define ALLOC(name, function)                   \
static void *alloc_ ## name(size_t *size)       \
{                                               \
    return function(size);                      \
}

ALLOC(stereo3d,          av_stereo3d_alloc_size)
ALLOC(spherical,         av_spherical_alloc)
ALLOC(mastering_display, av_mastering_display_metadata_alloc_size)
ALLOC(content_light,     av_content_light_metadata_alloc)
ALLOC(cpb,               av_cpb_properties_alloc)
ALLOC(dovi,              av_dovi_alloc)
#if H4MK_HAVE_NEW_SIDE_DATA
ALLOC(ambient,           av_ambient_viewing_environment_alloc)
#endif

static void *alloc_prft(size_t *size)
{
    return av_mallocz(*size = sizeof(AVProducerReferenceTime));
}

static void *alloc_service(size_t *size)
{
    return av_mallocz(*size = sizeof(enum AVAudioServiceType));
}

/* These call a value that there is not "unknown". */
static const char *known(const char *name)
{
    return name && strcmp(name, "unknown") ? name : NULL;
}

static const char *stereo3d_type_name(int value)
{
    return known(av_stereo3d_type_name(value));
}

static const char *stereo3d_view_name(int value)
{
    return known(av_stereo3d_view_name(value));
}

#if H4MK_HAVE_NEW_SIDE_DATA
static const char *stereo3d_eye_name(int value)
{
    return known(av_stereo3d_primary_eye_name(value));
}
#endif

static const char *projection_name(int value)
{
    return known(av_spherical_projection_name(value));
}

H4MK_NAMES(service_name, "main", "effects", "visually_impaired", "hearing_impaired",
           "dialogue", "commentary", "emergency", "voice_over", "karaoke")

static const H4MKField stereo3d_fields[] = {
    F(AVStereo3D, "type", type, ENUM, .to_name = stereo3d_type_name),
    F(AVStereo3D, "flags", flags, S32, 0, INT_MAX),
    F(AVStereo3D, "view", view, ENUM, .to_name = stereo3d_view_name),
#if H4MK_HAVE_NEW_SIDE_DATA
    F(AVStereo3D, "primary_eye", primary_eye, ENUM, .to_name = stereo3d_eye_name),
    F(AVStereo3D, "baseline", baseline, U32),
    F(AVStereo3D, "horizontal_disparity_adjustment", horizontal_disparity_adjustment, RATIONAL),
    F(AVStereo3D, "horizontal_field_of_view", horizontal_field_of_view, RATIONAL),
#endif
    { NULL }
};

static const H4MKField spherical_fields[] = {
    F(AVSphericalMapping, "projection", projection, ENUM, .to_name = projection_name),
    F(AVSphericalMapping, "yaw", yaw, S32),
    F(AVSphericalMapping, "pitch", pitch, S32),
    F(AVSphericalMapping, "roll", roll, S32),
    F(AVSphericalMapping, "bound_left", bound_left, U32),
    F(AVSphericalMapping, "bound_top", bound_top, U32),
    F(AVSphericalMapping, "bound_right", bound_right, U32),
    F(AVSphericalMapping, "bound_bottom", bound_bottom, U32),
    F(AVSphericalMapping, "padding", padding, U32),
    { NULL }
};

/* av_spherical_tile_bounds() divides by what bounds leave of the picture. */
static int is_valid_spherical(const void *data)
{
    const AVSphericalMapping *map = data;

    return map->bound_left < UINT32_MAX - map->bound_right &&
           map->bound_top  < UINT32_MAX - map->bound_bottom;
}

static const H4MKField mastering_display_fields[] = {
    F(AVMasteringDisplayMetadata, "display_primaries", display_primaries, RATIONAL, .count = 6),
    F(AVMasteringDisplayMetadata, "white_point", white_point, RATIONAL, .count = 2),
    F(AVMasteringDisplayMetadata, "min_luminance", min_luminance, RATIONAL),
    F(AVMasteringDisplayMetadata, "max_luminance", max_luminance, RATIONAL),
    F(AVMasteringDisplayMetadata, "has_primaries", has_primaries, S32, 0, 1),
    F(AVMasteringDisplayMetadata, "has_luminance", has_luminance, S32, 0, 1),
    { NULL }
};

static const H4MKField content_light_fields[] = {
    F(AVContentLightMetadata, "max_cll", MaxCLL, U32),
    F(AVContentLightMetadata, "max_fall", MaxFALL, U32),
    { NULL }
};

#if H4MK_HAVE_NEW_SIDE_DATA
static const H4MKField ambient_fields[] = {
    F(AVAmbientViewingEnvironment, "ambient_illuminance", ambient_illuminance, RATIONAL),
    F(AVAmbientViewingEnvironment, "ambient_light_x", ambient_light_x, RATIONAL),
    F(AVAmbientViewingEnvironment, "ambient_light_y", ambient_light_y, RATIONAL),
    { NULL }
};
#endif

static const H4MKField cpb_fields[] = {
    F(AVCPBProperties, "max_bitrate", max_bitrate, S64, 0, H4MK_MAX_BIT_RATE),
    F(AVCPBProperties, "min_bitrate", min_bitrate, S64, 0, H4MK_MAX_BIT_RATE),
    F(AVCPBProperties, "avg_bitrate", avg_bitrate, S64, 0, H4MK_MAX_BIT_RATE),
    F(AVCPBProperties, "buffer_size", buffer_size, S64, 0, H4MK_MAX_BIT_RATE),
    F(AVCPBProperties, "vbv_delay", vbv_delay, S64, -1, INT64_MAX),
    { NULL }
};

static const H4MKField dovi_fields[] = {
    F(AVDOVIDecoderConfigurationRecord, "dv_version_major", dv_version_major, U8),
    F(AVDOVIDecoderConfigurationRecord, "dv_version_minor", dv_version_minor, U8),
    F(AVDOVIDecoderConfigurationRecord, "dv_profile", dv_profile, U8, 0, 127),
    F(AVDOVIDecoderConfigurationRecord, "dv_level", dv_level, U8, 0, 63),
    F(AVDOVIDecoderConfigurationRecord, "rpu_present_flag", rpu_present_flag, U8, 0, 1),
    F(AVDOVIDecoderConfigurationRecord, "el_present_flag", el_present_flag, U8, 0, 1),
    F(AVDOVIDecoderConfigurationRecord, "bl_present_flag", bl_present_flag, U8, 0, 1),
    F(AVDOVIDecoderConfigurationRecord, "dv_bl_signal_compatibility_id", dv_bl_signal_compatibility_id, U8, 0, 15),
#if H4MK_HAVE_NEW_SIDE_DATA
    F(AVDOVIDecoderConfigurationRecord, "dv_md_compression", dv_md_compression, U8, 0, 3),
#endif
    { NULL }
};

static const H4MKField prft_fields[] = {
    F(AVProducerReferenceTime, "wallclock", wallclock, S64),
    F(AVProducerReferenceTime, "flags", flags, S32, 0, INT_MAX),
    { NULL }
};

static const H4MKField service_fields[] = {
    { "type", 0, H4MK_FIELD_ENUM, .to_name = service_name },
    { NULL }
};

#define FIELDS(name) FORM_FIELDS, name ## _fields, alloc_ ## name

static const SideDataType types[] = {
    { "skip_samples",            AV_PKT_DATA_SKIP_SAMPLES,            FORM_BYTES, .min_size = 10 },
    { "matroska_blockadditional", AV_PKT_DATA_MATROSKA_BLOCKADDITIONAL, FORM_BYTES, .min_size = 8 },
    { "mpegts_stream_id",        AV_PKT_DATA_MPEGTS_STREAM_ID,        FORM_BYTES, .min_size = 1 },
    { "encryption_info",         AV_PKT_DATA_ENCRYPTION_INFO,         FORM_BYTES },
    { "quality_stats",           AV_PKT_DATA_QUALITY_STATS,           FORM_BYTES, .min_size = 8 },
    { "dynamic_hdr10_plus",      AV_PKT_DATA_DYNAMIC_HDR10_PLUS,      FORM_T35 },
#if H4MK_HAVE_2094_50
    { "dynamic_hdr_2094_50",     AV_PKT_DATA_DYNAMIC_HDR_SMPTE_2094_APP5, FORM_T35 },
#endif
    { "palette",                 AV_PKT_DATA_PALETTE,                 FORM_WORDS, .min_size = AVPALETTE_SIZE },
    { "new_extradata",           AV_PKT_DATA_NEW_EXTRADATA,           FORM_BYTES },
    { "param_change",            AV_PKT_DATA_PARAM_CHANGE,            FORM_BYTES, .min_size = 4 },
    { "h263_mb_info",            AV_PKT_DATA_H263_MB_INFO,            FORM_BYTES },
    { "replaygain",              AV_PKT_DATA_REPLAYGAIN,              FORM_WORDS, .min_size = sizeof(AVReplayGain) },
    { "display_matrix",          AV_PKT_DATA_DISPLAYMATRIX,           FORM_WORDS, .min_size = 9 * sizeof(int32_t) },
    { "stereo3d",                AV_PKT_DATA_STEREO3D,                FIELDS(stereo3d) },
    { "audio_service_type",      AV_PKT_DATA_AUDIO_SERVICE_TYPE,      FIELDS(service) },
    { "fallback_track",          AV_PKT_DATA_FALLBACK_TRACK,          FORM_WORDS, .min_size = sizeof(int) },
    { "cpb_properties",          AV_PKT_DATA_CPB_PROPERTIES,          FIELDS(cpb) },
    { "jp_dualmono",             AV_PKT_DATA_JP_DUALMONO,             FORM_BYTES, .min_size = 1 },
    { "strings_metadata",        AV_PKT_DATA_STRINGS_METADATA,        FORM_BYTES },
    { "subtitle_position",       AV_PKT_DATA_SUBTITLE_POSITION,       FORM_BYTES, .min_size = 4 * sizeof(uint32_t) },
    { "webvtt_identifier",       AV_PKT_DATA_WEBVTT_IDENTIFIER,       FORM_BYTES },
    { "webvtt_settings",         AV_PKT_DATA_WEBVTT_SETTINGS,         FORM_BYTES },
    { "metadata_update",         AV_PKT_DATA_METADATA_UPDATE,         FORM_BYTES },
    { "mastering_display",       AV_PKT_DATA_MASTERING_DISPLAY_METADATA, FIELDS(mastering_display) },
    { "spherical",               AV_PKT_DATA_SPHERICAL,               FIELDS(spherical), is_valid_spherical },
    { "content_light_level",     AV_PKT_DATA_CONTENT_LIGHT_LEVEL,     FIELDS(content_light) },
    { "a53_cc",                  AV_PKT_DATA_A53_CC,                  FORM_BYTES },
    { "encryption_init_info",    AV_PKT_DATA_ENCRYPTION_INIT_INFO,    FORM_BYTES },
    { "active_format",           AV_PKT_DATA_AFD,                     FORM_BYTES, .min_size = 1 },
    { "producer_reference_time", AV_PKT_DATA_PRFT,                    FIELDS(prft) },
    { "icc_profile",             AV_PKT_DATA_ICC_PROFILE,             FORM_BYTES },
    { "dovi_configuration",      AV_PKT_DATA_DOVI_CONF,               FIELDS(dovi) },
    { "s12m_timecode",           AV_PKT_DATA_S12M_TIMECODE,           FORM_WORDS, .min_size = 4 * sizeof(uint32_t) },
#if H4MK_HAVE_NEW_SIDE_DATA
    { "iamf_mix_gain",           AV_PKT_DATA_IAMF_MIX_GAIN_PARAM,     FORM_IAMF },
    { "iamf_demixing_info",      AV_PKT_DATA_IAMF_DEMIXING_INFO_PARAM, FORM_IAMF },
    { "iamf_recon_gain_info",    AV_PKT_DATA_IAMF_RECON_GAIN_INFO_PARAM, FORM_IAMF },
    { "ambient_viewing_environment", AV_PKT_DATA_AMBIENT_VIEWING_ENVIRONMENT, FIELDS(ambient) },
    { "frame_cropping",          AV_PKT_DATA_FRAME_CROPPING,          FORM_BYTES, .min_size = 4 * sizeof(uint32_t) },
    { "lcevc",                   AV_PKT_DATA_LCEVC,                   FORM_BYTES },
#endif
};

static const SideDataType *find_type(enum AVPacketSideDataType type)
{
    for (int i = 0; i < FF_ARRAY_ELEMS(types); i++)
        if (types[i].type == type)
            return &types[i];
    return NULL;
}

static const SideDataType *find_name(const char *name)
{
    for (int i = 0; i < FF_ARRAY_ELEMS(types); i++)
        if (!strcmp(types[i].name, name))
            return &types[i];
    return NULL;
}

static int is_json(const SideDataType *type)
{
    return type && (type->form == FORM_FIELDS || type->form == FORM_IAMF);
}

/* Side data by its number is for types that have no name here. Who uses a
 * struct relies on its size, and on counts and offsets in it. */
static int is_allowed_by_number(enum AVPacketSideDataType number)
{
#if H4MK_HAVE_REFERENCE_DISPLAYS
    if (number == AV_PKT_DATA_3D_REFERENCE_DISPLAYS)
        return 0;
#endif
    return !find_type(number);
}

static int write_t35(const AVPacketSideData *sd, uint8_t **data, size_t *size)
{
#if H4MK_HAVE_2094_50
    if (sd->type == AV_PKT_DATA_DYNAMIC_HDR_SMPTE_2094_APP5)
        return sd->size < sizeof(AVDynamicHDRSmpte2094App5) ? AVERROR(EINVAL) :
               av_dynamic_hdr_smpte2094_app5_to_t35((const AVDynamicHDRSmpte2094App5 *)sd->data,
                                                    data, size);
#endif
    return sd->size < sizeof(AVDynamicHDRPlus) ? AVERROR(EINVAL) :
           av_dynamic_hdr_plus_to_t35((const AVDynamicHDRPlus *)sd->data, data, size);
}

static int read_t35(enum AVPacketSideDataType type, const h4mk_side_data *src,
                    uint8_t **data, size_t *size)
{
    int ret;

#if H4MK_HAVE_2094_50
    if (type == AV_PKT_DATA_DYNAMIC_HDR_SMPTE_2094_APP5) {
        AVDynamicHDRSmpte2094App5 *app5 = av_dynamic_hdr_smpte2094_app5_alloc(size);

        *data = (uint8_t *)app5;
        ret   = app5 ? av_dynamic_hdr_smpte2094_app5_from_t35(app5, src->data, src->size)
                     : AVERROR(ENOMEM);
        if (ret < 0)
            av_freep(data);
        return ret;
    }
#endif
    *data = (uint8_t *)av_dynamic_hdr_plus_alloc(size);
    ret   = *data ? av_dynamic_hdr_plus_from_t35((AVDynamicHDRPlus *)*data, src->data, src->size)
                  : AVERROR(ENOMEM);
    if (ret < 0)
        av_freep(data);
    return ret;
}

#if H4MK_HAVE_STREAM_GROUPS
static enum AVIAMFParamDefinitionType param_type(enum AVPacketSideDataType type)
{
    return type == AV_PKT_DATA_IAMF_MIX_GAIN_PARAM      ? AV_IAMF_PARAMETER_DEFINITION_MIX_GAIN :
           type == AV_PKT_DATA_IAMF_DEMIXING_INFO_PARAM ? AV_IAMF_PARAMETER_DEFINITION_DEMIXING :
                                                          AV_IAMF_PARAMETER_DEFINITION_RECON_GAIN;
}
#endif

/* Returns 0 for a struct that is smaller than this build knows it: such a one
 * can only be carried as it is. */
static int write_json(h4mk_value *object, const SideDataType *type,
                      const AVPacketSideData *sd)
{
    size_t size;
    void *defaults;
    int ret = 0;

#if H4MK_HAVE_STREAM_GROUPS
    if (type->form == FORM_IAMF) {
        if (sd->size < sizeof(AVIAMFParamDefinition))
            return 0;
        ret = ff_h4mk_write_iamf_param(object, (const AVIAMFParamDefinition *)sd->data);
        return ret < 0 ? ret : 1;
    }
#endif

    defaults = type->alloc(&size);
    if (!defaults)
        return AVERROR(ENOMEM);
    if (sd->size >= size)
        ret = ff_h4mk_write_fields(object, type->fields, sd->data, defaults);
    av_free(defaults);
    return ret < 0 ? ret : sd->size >= size;
}

static uint8_t *read_json(const h4mk_value *object, const SideDataType *type,
                          size_t *size)
{
    uint8_t *data;

#if H4MK_HAVE_STREAM_GROUPS
    if (type->form == FORM_IAMF)
        return (uint8_t *)ff_h4mk_read_iamf_param(object, param_type(type->type), size);
#endif
    data = type->alloc(size);
    if (data)
        ff_h4mk_read_fields(object, type->fields, data);
    if (data && type->is_valid && !type->is_valid(data))
        av_freep(&data);
    return data;
}

static uint8_t *swap_words(const uint8_t *data, size_t size, int write)
{
    uint8_t *words = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
    size_t i;

    if (!words)
        return NULL;
    for (i = 0; i + 4 <= size; i += 4) {
        if (write)
            AV_WL32(words + i, AV_RN32(data + i));
        else
            AV_WN32(words + i, AV_RL32(data + i));
    }
    if (i < size)
        memcpy(words + i, data + i, size - i);
    return words;
}

int ff_h4mk_pack_side_data(const AVPacketSideData *sd, h4mk_side_data *dst,
                           char *name, uint8_t **tmp)
{
    const SideDataType *type = find_type(sd->type);
    h4mk_value *object;
    const char *json;
    int ret;

    *tmp      = NULL;
    dst->data = sd->data;
    dst->size = sd->size;

    if (is_json(type)) {
        object = h4mk_value_new();
        if (!object)
            return AVERROR(ENOMEM);
        ret  = write_json(object, type, sd);
        json = ret > 0 ? h4mk_value_to_json(object) : NULL;
        if (json) {
            *tmp      = av_strdup(json);
            dst->data = *tmp;
            dst->size = strlen(json);
        }
        h4mk_value_free(object);
        if (ret < 0)
            return ret;
        if (ret > 0 && !*tmp)
            return AVERROR(ENOMEM);
        if (!ret)
            type = NULL;
    } else if (type && type->form == FORM_WORDS) {
        dst->data = *tmp = swap_words(sd->data, sd->size, 1);
        if (!*tmp)
            return AVERROR(ENOMEM);
    } else if (type && type->form == FORM_T35) {
        ret = write_t35(sd, tmp, &dst->size);
        if (ret == AVERROR(ENOMEM))
            return ret;
        if (ret < 0) {
            type      = NULL;
            dst->size = sd->size;
        } else
            dst->data = *tmp;
    }

    if (!type)
        snprintf(name, H4MK_SIDE_DATA_NAME_SIZE, "ffmpeg_%d", sd->type);
    dst->name = type ? type->name : name;
    return 0;
}

static int add_side_data(AVPacketSideData **sd, int *nb_sd,
                         enum AVPacketSideDataType type, uint8_t *data, size_t size)
{
    if (!data || !av_packet_side_data_add(sd, nb_sd, type, data, size, 0)) {
        av_free(data);
        return AVERROR(ENOMEM);
    }
    return 0;
}

static int add_bytes(AVPacketSideData **sd, int *nb_sd,
                     enum AVPacketSideDataType type, const uint8_t *data, size_t size)
{
    AVPacketSideData *dst = av_packet_side_data_new(sd, nb_sd, type, size, 0);

    if (!dst)
        return AVERROR(ENOMEM);
    if (size)
        memcpy(dst->data, data, size);
    return 0;
}

int ff_h4mk_unpack_side_data(void *logctx, const h4mk_side_data *src,
                             AVPacketSideData **sd, int *nb_sd)
{
    const SideDataType *type = find_name(src->name);
    const char *number;
    h4mk_value *object;
    uint8_t *data;
    size_t size;
    long value;
    int ret;

    if (!type) {
        value = av_strstart(src->name, "ffmpeg_", &number) && av_isdigit(*number) ?
                strtol(number, NULL, 10) : -1;
        if (value < 0 || value > INT_MAX || !is_allowed_by_number(value)) {
            av_log(logctx, AV_LOG_VERBOSE,
                   "Skipping side data \"%s\", which is not known\n", src->name);
            return 0;
        }
        return add_bytes(sd, nb_sd, value, src->data, src->size);
    }

    if (src->size < type->min_size) {
        av_log(logctx, AV_LOG_VERBOSE,
               "Skipping side data \"%s\" of %zu bytes, at least %zu were expected\n",
               src->name, src->size, type->min_size);
        return 0;
    }

    switch (type->form) {
    case FORM_WORDS:
        return add_side_data(sd, nb_sd, type->type,
                             swap_words(src->data, src->size, 0), src->size);
    case FORM_T35:
        ret = read_t35(type->type, src, &data, &size);
        if (ret == AVERROR(ENOMEM))
            return ret;
        if (ret < 0)
            break;
        return add_side_data(sd, nb_sd, type->type, data, size);
    case FORM_FIELDS:
    case FORM_IAMF:
        if (h4mk_value_from_json((const char *)src->data, src->size, &object) != H4MK_OK)
            break;
        data = read_json(object, type, &size);
        h4mk_value_free(object);
        if (!data)
            break;
        return add_side_data(sd, nb_sd, type->type, data, size);
    default:
        return add_bytes(sd, nb_sd, type->type, src->data, src->size);
    }

    av_log(logctx, AV_LOG_WARNING,
           "Skipping side data \"%s\", which cannot be read\n", src->name);
    return 0;
}

static int write_one(h4mk_value *array, const AVPacketSideData *sd)
{
    const SideDataType *type = find_type(sd->type);
    h4mk_value *object = h4mk_value_append_object(array);
    char name[H4MK_SIDE_DATA_NAME_SIZE];
    h4mk_side_data packed;
    h4mk_status status;
    uint8_t *tmp;
    int ret;

    if (!object)
        return AVERROR(ENOMEM);
    if (is_json(type)) {
        if (h4mk_value_set_text(object, "name", type->name) != H4MK_OK)
            return AVERROR(ENOMEM);
        ret = write_json(object, type, sd);
        if (ret)
            return FFMIN(ret, 0);
    }

    ret = ff_h4mk_pack_side_data(sd, &packed, name, &tmp);
    if (ret < 0)
        return ret;
    status = h4mk_value_set_text(object, "name", packed.name);
    if (status == H4MK_OK)
        status = h4mk_value_set_bytes(object, "data", packed.data, packed.size);
    av_free(tmp);
    return ff_h4mk_error(status, 0);
}

static int read_one(void *logctx, const h4mk_value *object,
                    AVPacketSideData **sd, int *nb_sd)
{
    h4mk_side_data packed = { h4mk_value_get_text(object, "name") };
    const SideDataType *type;
    uint8_t *data;
    size_t size;

    if (!packed.name)
        return 0;
    type = find_name(packed.name);
    if (is_json(type)) {
        data = read_json(object, type, &size);
        return data ? add_side_data(sd, nb_sd, type->type, data, size) : 0;
    }
    if (h4mk_value_get_bytes(object, "data", &packed.data, &packed.size) != H4MK_OK)
        return 0;
    return ff_h4mk_unpack_side_data(logctx, &packed, sd, nb_sd);
}

int ff_h4mk_write_side_data(h4mk_value *object,
                            const AVPacketSideData *side_data, int nb_side_data)
{
    h4mk_value *array = nb_side_data ? h4mk_value_add_array(object, "side_data") : NULL;
    int ret = nb_side_data && !array ? AVERROR(ENOMEM) : 0;

    for (int i = 0; i < nb_side_data && ret >= 0; i++) {
#if H4MK_HAVE_PROTECTION
        AVPacketSideData left;

        ret = ff_h4mk_strip_protection(&side_data[i], &left);
        if (ret) {
            if (ret > 0 && left.data)
                ret = write_one(array, &left);
            av_free(left.data);
            continue;
        }
#endif
        ret = write_one(array, &side_data[i]);
    }
    return FFMIN(ret, 0);
}

int ff_h4mk_read_side_data(void *logctx, const h4mk_value *object,
                           AVPacketSideData **side_data, int *nb_side_data)
{
    const h4mk_value *array = h4mk_value_get(object, "side_data");
    int ret = 0;

    for (size_t i = 0; i < h4mk_value_count(array) && ret >= 0; i++)
        ret = read_one(logctx, h4mk_value_at(array, i), side_data, nb_side_data);
#if H4MK_HAVE_PROTECTION
    if (ret >= 0)
        ret = ff_h4mk_strip_all_protection(*side_data, nb_side_data);
#endif
    return FFMIN(ret, 0);
}
