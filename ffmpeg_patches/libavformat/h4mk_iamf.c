/*
 * H4MK: immersive audio (IAMF) as JSON
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

#include <stddef.h>
#include <stdint.h>

#include "libavutil/channel_layout.h"
#include "libavutil/error.h"
#include "libavutil/iamf.h"
#include "libavutil/mem.h"

#include "avformat.h"
#include "h4mk.h"

#define F H4MK_FIELD

H4MK_NAMES(param_type_name,  "mix_gain", "demixing", "recon_gain")
H4MK_NAMES(animation_name,   "step", "linear", "bezier")
H4MK_NAMES(ambisonics_name,  "mono", "projection")
H4MK_NAMES(element_name,     "channel", "scene")
H4MK_NAMES(headphones_name,  "stereo", "binaural")
H4MK_NAMES(layout_type_name, NULL, NULL, "loudspeakers", "binaural")

static const H4MKField param_fields[] = {
    F(AVIAMFParamDefinition, "type", type, ENUM, .to_name = param_type_name),
    F(AVIAMFParamDefinition, "parameter_id", parameter_id, U32),
    F(AVIAMFParamDefinition, "parameter_rate", parameter_rate, U32),
    F(AVIAMFParamDefinition, "duration", duration, U32),
    F(AVIAMFParamDefinition, "constant_subblock_duration", constant_subblock_duration, U32),
    { NULL }
};

static const H4MKField mix_gain_fields[] = {
    F(AVIAMFMixGain, "subblock_duration", subblock_duration, U32),
    F(AVIAMFMixGain, "animation_type", animation_type, ENUM, .to_name = animation_name),
    F(AVIAMFMixGain, "start_point_value", start_point_value, RATIONAL),
    F(AVIAMFMixGain, "end_point_value", end_point_value, RATIONAL),
    F(AVIAMFMixGain, "control_point_value", control_point_value, RATIONAL),
    F(AVIAMFMixGain, "control_point_relative_time", control_point_relative_time, RATIONAL),
    { NULL }
};

static const H4MKField demixing_fields[] = {
    F(AVIAMFDemixingInfo, "subblock_duration", subblock_duration, U32),
    F(AVIAMFDemixingInfo, "dmixp_mode", dmixp_mode, U32),
    { NULL }
};

static const H4MKField recon_gain_fields[] = {
    F(AVIAMFReconGain, "subblock_duration", subblock_duration, U32),
    F(AVIAMFReconGain, "recon_gain", recon_gain, U8, .count = 6 * 12),
    { NULL }
};

static const H4MKField *const subblock_fields[] = {
    [AV_IAMF_PARAMETER_DEFINITION_MIX_GAIN]   = mix_gain_fields,
    [AV_IAMF_PARAMETER_DEFINITION_DEMIXING]   = demixing_fields,
    [AV_IAMF_PARAMETER_DEFINITION_RECON_GAIN] = recon_gain_fields,
};

static const H4MKField layer_fields[] = {
    F(AVIAMFLayer, "flags", flags, U32),
    F(AVIAMFLayer, "output_gain_flags", output_gain_flags, U32),
    F(AVIAMFLayer, "output_gain", output_gain, RATIONAL),
    F(AVIAMFLayer, "ambisonics_mode", ambisonics_mode, ENUM, .to_name = ambisonics_name),
    { NULL }
};

static const H4MKField audio_element_fields[] = {
    F(AVIAMFAudioElement, "audio_element_type", audio_element_type, ENUM, .to_name = element_name),
    F(AVIAMFAudioElement, "default_w", default_w, U32),
    { NULL }
};

static const H4MKField submix_element_fields[] = {
    F(AVIAMFSubmixElement, "audio_element_id", audio_element_id, U32),
    F(AVIAMFSubmixElement, "default_mix_gain", default_mix_gain, RATIONAL),
    F(AVIAMFSubmixElement, "headphones_rendering_mode", headphones_rendering_mode, ENUM, .to_name = headphones_name),
    { NULL }
};

static const H4MKField submix_layout_fields[] = {
    F(AVIAMFSubmixLayout, "layout_type", layout_type, ENUM, .to_name = layout_type_name),
    F(AVIAMFSubmixLayout, "integrated_loudness", integrated_loudness, RATIONAL),
    F(AVIAMFSubmixLayout, "digital_peak", digital_peak, RATIONAL),
    F(AVIAMFSubmixLayout, "true_peak", true_peak, RATIONAL),
    F(AVIAMFSubmixLayout, "dialogue_anchored_loudness", dialogue_anchored_loudness, RATIONAL),
    F(AVIAMFSubmixLayout, "album_anchored_loudness", album_anchored_loudness, RATIONAL),
    { NULL }
};

static const H4MKField submix_fields[] = {
    F(AVIAMFSubmix, "default_mix_gain", default_mix_gain, RATIONAL),
    { NULL }
};

static const H4MKField rational_field[] = {
    { "demixing_matrix", 0, H4MK_FIELD_RATIONAL },
    { NULL }
};

int ff_h4mk_write_iamf_param(h4mk_value *object,
                             const AVIAMFParamDefinition *param)
{
    h4mk_value *array;
    int ret;

    if ((unsigned)param->type >= FF_ARRAY_ELEMS(subblock_fields))
        return AVERROR(EINVAL);
    ret = ff_h4mk_write_fields(object, param_fields, param, NULL);
    if (ret < 0)
        return ret;
    array = h4mk_value_add_array(object, "subblocks");
    if (!array)
        return AVERROR(ENOMEM);
    for (unsigned i = 0; i < param->nb_subblocks && ret >= 0; i++) {
        h4mk_value *subblock = h4mk_value_append_object(array);
        ret = subblock ? ff_h4mk_write_fields(subblock, subblock_fields[param->type],
                                              av_iamf_param_definition_get_subblock(param, i), NULL)
                       : AVERROR(ENOMEM);
    }
    return ret;
}

AVIAMFParamDefinition *ff_h4mk_read_iamf_param(const h4mk_value *object,
                                               enum AVIAMFParamDefinitionType type, size_t *size)
{
    const h4mk_value *array = h4mk_value_get(object, "subblocks");
    const size_t count = h4mk_value_count(array);
    AVIAMFParamDefinition *param;

    /* its users know which type belongs where, and do not look */
    if (ff_h4mk_find_name(param_type_name, h4mk_value_get_text(object, "type")) != type ||
        count > UINT16_MAX)
        return NULL;
    param = av_iamf_param_definition_alloc(type, count, size);
    if (!param)
        return NULL;
    ff_h4mk_read_fields(object, param_fields, param);
    for (unsigned i = 0; i < count; i++)
        ff_h4mk_read_fields(h4mk_value_at(array, i), subblock_fields[type],
                            av_iamf_param_definition_get_subblock(param, i));
    return param;
}

static int write_param(h4mk_value *object, const char *key,
                       const AVIAMFParamDefinition *param)
{
    h4mk_value *value;

    if (!param)
        return 0;
    value = h4mk_value_add_object(object, key);
    return value ? ff_h4mk_write_iamf_param(value, param) : AVERROR(ENOMEM);
}

static void read_param(const h4mk_value *object, const char *key,
                       enum AVIAMFParamDefinitionType type,
                       AVIAMFParamDefinition **param)
{
    const h4mk_value *value = h4mk_value_get(object, key);

    if (value)
        *param = ff_h4mk_read_iamf_param(value, type, NULL);
}

/* AVIAMFLayer.demixing_matrix has a column for each channel that the streams
 * of the group carry. */
static int64_t matrix_size(const AVIAMFLayer *layer, const AVStreamGroup *group)
{
    int64_t columns = group->nb_streams;

    for (unsigned i = 0; i < group->nb_streams; i++)
        columns += group->streams[i]->codecpar->ch_layout.nb_channels == 2;
    return layer->ch_layout.nb_channels * columns;
}

static int write_layer(h4mk_value *object, const AVIAMFLayer *layer,
                       const AVStreamGroup *group)
{
    int ret;

    if (!object || h4mk_value_set_int(object, "channels", layer->ch_layout.nb_channels) != H4MK_OK)
        return AVERROR(ENOMEM);
    ret = ff_h4mk_write_layout(object, &layer->ch_layout);
    if (ret >= 0)
        ret = ff_h4mk_write_fields(object, layer_fields, layer, NULL);
    if (ret >= 0 && layer->demixing_matrix) {
        H4MKField matrix[] = { rational_field[0], rational_field[1] };
        matrix[0].count = matrix_size(layer, group);
        ret = ff_h4mk_write_fields(object, matrix, layer->demixing_matrix, NULL);
    }
    return ret;
}

static int read_layer(const h4mk_value *object, AVIAMFLayer *layer,
                      const AVStreamGroup *group)
{
    int64_t size;
    int ret;

    if (!layer)
        return AVERROR(ENOMEM);
    av_channel_layout_uninit(&layer->ch_layout);
    ret = ff_h4mk_read_layout(object, &layer->ch_layout);
    if (ret < 0)
        return ret;
    ff_h4mk_read_fields(object, layer_fields, layer);
    size = matrix_size(layer, group);
    if (size > 0 && size <= INT_MAX &&
        h4mk_value_count(h4mk_value_get(object, "demixing_matrix")) == size) {
        H4MKField matrix[] = { rational_field[0], rational_field[1] };
        matrix[0].count = size;
        layer->demixing_matrix = av_calloc(size, sizeof(*layer->demixing_matrix));
        if (!layer->demixing_matrix)
            return AVERROR(ENOMEM);
        ff_h4mk_read_fields(object, matrix, layer->demixing_matrix);
    }
    return 0;
}

int ff_h4mk_write_audio_element(h4mk_value *object, const AVStreamGroup *group)
{
    const AVIAMFAudioElement *element = group->params.iamf_audio_element;
    h4mk_value *array;
    int ret = ff_h4mk_write_fields(object, audio_element_fields, element, NULL);

    if (ret >= 0)
        ret = write_param(object, "demixing_info", element->demixing_info);
    if (ret >= 0)
        ret = write_param(object, "recon_gain_info", element->recon_gain_info);
    if (ret < 0)
        return ret;
    array = h4mk_value_add_array(object, "layers");
    if (!array)
        return AVERROR(ENOMEM);
    for (unsigned i = 0; i < element->nb_layers && ret >= 0; i++)
        ret = write_layer(h4mk_value_append_object(array), element->layers[i], group);
    return ret;
}

int ff_h4mk_read_audio_element(const h4mk_value *object, AVStreamGroup *group)
{
    AVIAMFAudioElement *element = group->params.iamf_audio_element;
    const h4mk_value *array = h4mk_value_get(object, "layers");
    int ret = 0;

    ff_h4mk_read_fields(object, audio_element_fields, element);
    read_param(object, "demixing_info", AV_IAMF_PARAMETER_DEFINITION_DEMIXING,
               &element->demixing_info);
    read_param(object, "recon_gain_info", AV_IAMF_PARAMETER_DEFINITION_RECON_GAIN,
               &element->recon_gain_info);
    for (size_t i = 0; i < h4mk_value_count(array) && ret >= 0; i++)
        ret = read_layer(h4mk_value_at(array, i), av_iamf_audio_element_add_layer(element), group);
    return ret;
}

static int write_submix(void *logctx, h4mk_value *object,
                        const AVIAMFSubmix *submix)
{
    h4mk_value *array, *value;
    int ret;

    if (!object)
        return AVERROR(ENOMEM);
    ret = ff_h4mk_write_fields(object, submix_fields, submix, NULL);
    if (ret >= 0)
        ret = write_param(object, "output_mix_config", submix->output_mix_config);
    if (ret < 0)
        return ret;

    array = h4mk_value_add_array(object, "elements");
    for (unsigned i = 0; i < submix->nb_elements; i++) {
        const AVIAMFSubmixElement *element = submix->elements[i];
        value = array ? h4mk_value_append_object(array) : NULL;
        if (!value)
            return AVERROR(ENOMEM);
        ret = ff_h4mk_write_fields(value, submix_element_fields, element, NULL);
        if (ret >= 0)
            ret = write_param(value, "element_mix_config", element->element_mix_config);
        if (ret >= 0)
            ret = ff_h4mk_write_tags(logctx, value, "annotations", element->annotations, NULL);
        if (ret < 0)
            return ret;
    }

    array = h4mk_value_add_array(object, "layouts");
    for (unsigned i = 0; i < submix->nb_layouts; i++) {
        const AVIAMFSubmixLayout *layout = submix->layouts[i];
        value = array ? h4mk_value_append_object(array) : NULL;
        if (!value ||
            h4mk_value_set_int(value, "channels", layout->sound_system.nb_channels) != H4MK_OK)
            return AVERROR(ENOMEM);
        ret = ff_h4mk_write_fields(value, submix_layout_fields, layout, NULL);
        if (ret >= 0)
            ret = ff_h4mk_write_layout(value, &layout->sound_system);
        if (ret < 0)
            return ret;
    }
    return 0;
}

static int read_submix(const h4mk_value *object, AVIAMFSubmix *submix)
{
    const h4mk_value *elements = h4mk_value_get(object, "elements");
    const h4mk_value *layouts  = h4mk_value_get(object, "layouts");
    int ret = 0;

    if (!submix)
        return AVERROR(ENOMEM);
    ff_h4mk_read_fields(object, submix_fields, submix);
    read_param(object, "output_mix_config", AV_IAMF_PARAMETER_DEFINITION_MIX_GAIN,
               &submix->output_mix_config);

    for (size_t i = 0; i < h4mk_value_count(elements) && ret >= 0; i++) {
        const h4mk_value *value = h4mk_value_at(elements, i);
        AVIAMFSubmixElement *element = av_iamf_submix_add_element(submix);
        if (!element)
            return AVERROR(ENOMEM);
        ff_h4mk_read_fields(value, submix_element_fields, element);
        read_param(value, "element_mix_config", AV_IAMF_PARAMETER_DEFINITION_MIX_GAIN,
                   &element->element_mix_config);
        ret = ff_h4mk_read_tags(&element->annotations, h4mk_value_get(value, "annotations"));
    }

    for (size_t i = 0; i < h4mk_value_count(layouts) && ret >= 0; i++) {
        const h4mk_value *value = h4mk_value_at(layouts, i);
        AVIAMFSubmixLayout *layout = av_iamf_submix_add_layout(submix);
        if (!layout)
            return AVERROR(ENOMEM);
        ff_h4mk_read_fields(value, submix_layout_fields, layout);
        av_channel_layout_uninit(&layout->sound_system);
        ret = ff_h4mk_read_layout(value, &layout->sound_system);
    }
    return ret;
}

static int has_element(AVFormatContext *s, unsigned id)
{
    for (unsigned i = 0; i < s->nb_stream_groups; i++)
        if (s->stream_groups[i]->type == AV_STREAM_GROUP_PARAMS_IAMF_AUDIO_ELEMENT &&
            s->stream_groups[i]->id == id)
            return 1;
    return 0;
}

int ff_h4mk_is_mix_complete(AVFormatContext *s,
                            const AVIAMFMixPresentation *mix)
{
    for (unsigned i = 0; i < mix->nb_submixes; i++) {
        const AVIAMFSubmix *submix = mix->submixes[i];

        if (!submix->output_mix_config)
            return 0;
        for (unsigned j = 0; j < submix->nb_elements; j++)
            if (!submix->elements[j]->element_mix_config ||
                !has_element(s, submix->elements[j]->audio_element_id))
                return 0;
    }
    return 1;
}

int ff_h4mk_write_mix_presentation(void *logctx, h4mk_value *object,
                                   const AVIAMFMixPresentation *mix)
{
    h4mk_value *array;
    int ret = ff_h4mk_write_tags(logctx, object, "annotations", mix->annotations, NULL);

    if (ret < 0)
        return ret;
    array = h4mk_value_add_array(object, "submixes");
    if (!array)
        return AVERROR(ENOMEM);
    for (unsigned i = 0; i < mix->nb_submixes && ret >= 0; i++)
        ret = write_submix(logctx, h4mk_value_append_object(array), mix->submixes[i]);
    return ret;
}

int ff_h4mk_read_mix_presentation(const h4mk_value *object,
                                  AVIAMFMixPresentation *mix)
{
    const h4mk_value *array = h4mk_value_get(object, "submixes");
    int ret = ff_h4mk_read_tags(&mix->annotations, h4mk_value_get(object, "annotations"));

    for (size_t i = 0; i < h4mk_value_count(array) && ret >= 0; i++)
        ret = read_submix(h4mk_value_at(array, i), av_iamf_mix_presentation_add_submix(mix));
    return ret;
}
