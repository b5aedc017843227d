using ComfyServe.Diffusion.Models;

namespace ComfyServe.Diffusion.Adapters;

/// <summary>The names that a weight may have in LoRA files.</summary>
internal static class LoraKeys
{
    private static readonly (string Own, string Diffusers)[] ResidualParts =
    [
        ("in_layers.0", "norm1"),
        ("in_layers.2", "conv1"),
        ("emb_layers.1", "time_emb_proj"),
        ("out_layers.0", "norm2"),
        ("out_layers.3", "conv2"),
        ("skip_connection", "conv_shortcut"),
    ];

    /// <summary>The names of a UNet's layer.</summary>
    /// <param name="layer">Its name in the checkpoint without <c>.weight</c>, such as <c>middle_block.1.proj_in</c>.</param>
    /// <param name="blocks">What <see cref="DiffusersBlocks"/> gives for the UNet.</param>
    public static IEnumerable<string> OfUnet(string layer, IReadOnlyList<(string Own, string Diffusers)> blocks)
    {
        yield return $"lora_unet_{Underscored(layer)}";
        yield return $"diffusion_model.{layer}";
        if (Diffusers(layer, blocks) is not { } name)
        {
            yield break;
        }

        yield return $"lora_unet_{Underscored(name)}";
        yield return $"lycoris_{Underscored(name)}";
        var processor = name.Replace(".to_", ".processor.to_", StringComparison.Ordinal);
        processor = processor.EndsWith(".to_out.0", StringComparison.Ordinal) ? processor[..^2] : processor;
        foreach (var prefix in (string[])["", "unet."])
        {
            yield return prefix + processor;
            yield return prefix + name;
        }
    }

    /// <summary>The names of a text encoder's layer, such as <c>text_model.encoder.layers.0.mlp.fc1</c>.</summary>
    public static IEnumerable<string> OfTextEncoder(string layer)
    {
        var full = layer.StartsWith("text_model.", StringComparison.Ordinal) || layer.StartsWith("text_projection", StringComparison.Ordinal) ? layer : $"text_model.{layer}";
        yield return $"lora_te_{Underscored(full)}";
        yield return $"lora_te1_{Underscored(full)}";
        yield return $"text_encoder.{full}";
        yield return $"text_encoders.clip_l.transformer.{full}";
    }

    /// <summary>Which blocks of a UNet are which in Diffusers' naming.</summary>
    public static IReadOnlyList<(string Own, string Diffusers)> DiffusersBlocks(UnetConfig config)
    {
        var blocks = new List<(string, string)>
        {
            ("time_embed.0", "time_embedding.linear_1"),
            ("time_embed.2", "time_embedding.linear_2"),
            ("input_blocks.0.0", "conv_in"),
            ("out.0", "conv_norm_out"),
            ("out.2", "conv_out"),
            ("middle_block.0", "mid_block.resnets.0"),
            ("middle_block.1", "mid_block.attentions.0"),
            ("middle_block.2", "mid_block.resnets.1"),
        };
        var levels = config.ChannelMultipliers.Count;
        var number = 1;
        for (var level = 0; level < levels; level++)
        {
            for (var i = 0; i < config.ResidualBlocks[level]; i++)
            {
                blocks.Add(($"input_blocks.{number}.0", $"down_blocks.{level}.resnets.{i}"));
                blocks.Add(($"input_blocks.{number++}.1", $"down_blocks.{level}.attentions.{i}"));
            }

            if (level < levels - 1)
            {
                blocks.Insert(0, ($"input_blocks.{number++}.0.op", $"down_blocks.{level}.downsamplers.0.conv"));
            }
        }

        number = 0;
        for (var level = 0; level < levels; level++)
        {
            var last = config.ResidualBlocks[levels - 1 - level];
            for (var i = 0; i <= last; i++)
            {
                if (i == last && level < levels - 1)
                {
                    var place = config.OutputDepths[number] > 0 ? 2 : 1;
                    blocks.Insert(0, ($"output_blocks.{number}.{place}.conv", $"up_blocks.{level}.upsamplers.0.conv"));
                }

                blocks.Add(($"output_blocks.{number}.0", $"up_blocks.{level}.resnets.{i}"));
                blocks.Add(($"output_blocks.{number++}.1", $"up_blocks.{level}.attentions.{i}"));
            }
        }

        return blocks;
    }

    private static string? Diffusers(string layer, IReadOnlyList<(string Own, string Diffusers)> blocks)
    {
        foreach (var (own, diffusers) in blocks)
        {
            if (layer == own)
            {
                return diffusers;
            }

            if (layer.StartsWith($"{own}.", StringComparison.Ordinal))
            {
                var part = layer[(own.Length + 1)..];
                var known = Array.Find(ResidualParts, residual => residual.Own == part);
                return $"{diffusers}.{known.Diffusers ?? part}";
            }
        }

        return null;
    }

    private static string Underscored(string name) => name.Replace('.', '_');
}
