using ComfyServe.Diffusion.Models;
using static TorchSharp.torch;

namespace ComfyServe.Training.Models;

/// <summary>The recipe of the model: Stable Diffusion 1.5's three networks with fewer and narrower layers, and how they start.</summary>
public static class StarterSizes
{
    /// <summary>Side of the pictures that the model is trained on.</summary>
    public const int Picture = 96;

    /// <summary>Groups of every group norm. Few, because a norm over few channels loses the level of a flat picture.</summary>
    public const int NormGroups = 2;

    /// <summary>Heads of every attention layer, also of the text encoder's.</summary>
    public const int Heads = 4;

    private const long TextWidth = 64;

    /// <summary>Images to latents of an eighth of the side.</summary>
    public static AutoencoderKlConfig Autoencoder { get; } = new()
    {
        Channels = 16,
        ChannelMultipliers = [1, 1, 3, 6],
        ResidualBlocks = 1,
        NormGroups = NormGroups,
    };

    /// <summary>The denoiser: cross-attention at the lower level, whose 36 places all see each other.</summary>
    public static UnetConfig Unet { get; } = new()
    {
        ModelChannels = 48,
        ChannelMultipliers = [1, 2],
        ResidualBlocks = [1, 1],
        InputDepths = [0, 1],
        MiddleDepth = 1,
        OutputDepths = [1, 1, 0, 0],
        ContextWidth = TextWidth,
        Heads = Heads,
        NormGroups = NormGroups,
    };

    /// <summary>The text encoder, over as many tokens as captions use.</summary>
    public static ClipTextConfig TextEncoder(long vocabulary, long endToken) => new()
    {
        Vocabulary = vocabulary,
        EndToken = endToken,
        Width = TextWidth,
        Layers = 2,
        Heads = Heads,
        FeedForward = 4 * TextWidth,
    };

    /// <summary>First values of a weight: identity for norms, zero for biases and for the last layer of each branch, so that all branches start silent.</summary>
    public static Tensor Initialise(string name, long[] shape, Generator generator)
    {
        if (shape.Length == 1)
        {
            return name.EndsWith("weight", StringComparison.Ordinal) ? ones(shape) : zeros(shape);
        }

        if (name.Contains("embedding.weight", StringComparison.Ordinal))
        {
            return randn(shape, float32, generator: generator) * (name.Contains("token", StringComparison.Ordinal) ? 0.3 : 0.1);
        }

        var silent = name.EndsWith("out_layers.3.weight", StringComparison.Ordinal)
            || name.EndsWith("proj_out.weight", StringComparison.Ordinal)
            || name.EndsWith("diffusion_model.out.2.weight", StringComparison.Ordinal);
        if (silent)
        {
            return zeros(shape);
        }

        var inputs = shape.Skip(1).Aggregate(1L, static (a, b) => a * b);
        return randn(shape, float32, generator: generator) / Math.Sqrt(inputs);
    }
}
