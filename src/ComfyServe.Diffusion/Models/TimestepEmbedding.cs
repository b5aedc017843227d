using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Models;

/// <summary>Sinusoidal embedding of a diffusion timestep (https://arxiv.org/abs/2006.11239, after the Transformer's positions).</summary>
public static class TimestepEmbedding
{
    private const double MaxPeriod = 10_000;

    /// <summary>Embeds timesteps [B] as [cos(t·f), sin(t·f)], f = exp(−ln(10000)·k ÷ (width/2)): [B, width], fp32.</summary>
    /// <param name="timesteps">Timesteps, 0 to 999, fp32.</param>
    /// <param name="width">Width of the result; an odd one ends in a zero.</param>
    public static Tensor Forward(Tensor timesteps, long width)
    {
        using var scope = NewDisposeScope();
        var half = width / 2;
        var frequencies = exp(arange(0, half, ScalarType.Float32, timesteps.device) * (-Math.Log(MaxPeriod) / half)); // [half]
        var angles = timesteps.to(ScalarType.Float32).unsqueeze(1) * frequencies.unsqueeze(0); // [B, half]
        var embedding = cat([cos(angles), sin(angles)], -1); // [B, 2·half]
        if (width % 2 == 1)
        {
            embedding = cat([embedding, zeros_like(embedding.narrow(1, 0, 1))], -1); // [B, width]
        }

        return embedding.MoveToOuterDisposeScope();
    }
}
