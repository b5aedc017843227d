using TorchSharp;

namespace ComfyServe.Engine.Previews;

/// <summary>Mixes the four channels of Stable Diffusion 1.5's latents to colours.</summary>
internal static class LatentPreview
{
    private const int Channels = 4;

    /// <summary>Red, green and blue of each latent channel.</summary>
    private static readonly float[][] Factors =
    [
        [0.3512f, 0.2297f, 0.3227f],
        [0.3250f, 0.4974f, 0.2350f],
        [-0.2829f, 0.1762f, 0.2721f],
        [-0.2120f, -0.2616f, -0.7177f],
    ];

    /// <summary>The picture of the first of a batch of scaled latents, <c>[N, 4, h, w]</c>; null for latents of another model.</summary>
    public static PreviewPicture? TryRead(torch.Tensor denoised)
    {
        if (denoised.dim() != 4 || denoised.shape[0] < 1 || denoised.shape[1] != Channels)
        {
            return null;
        }

        using var scope = torch.NewDisposeScope();
        var latent = denoised[0].to(torch.ScalarType.Float32, torch.CPU).contiguous(); // [4, h, w]
        return Mix(latent.data<float>().ToArray(), (int)denoised.shape[3], (int)denoised.shape[2]);
    }

    /// <summary>Colours of latents given channel by channel.</summary>
    public static PreviewPicture Mix(ReadOnlySpan<float> latent, int width, int height)
    {
        var plane = width * height;
        var rgb = new byte[plane * 3];
        for (var pixel = 0; pixel < plane; pixel++)
        {
            for (var color = 0; color < 3; color++)
            {
                var value = 0f;
                for (var channel = 0; channel < Channels; channel++)
                {
                    value += latent[(channel * plane) + pixel] * Factors[channel][color];
                }

                var unit = Math.Clamp((value + 1f) / 2f, 0f, 1f);
                rgb[(pixel * 3) + color] = float.IsNaN(unit) ? (byte)0 : (byte)(unit * 255f);
            }
        }

        return new PreviewPicture(rgb, width, height);
    }
}
