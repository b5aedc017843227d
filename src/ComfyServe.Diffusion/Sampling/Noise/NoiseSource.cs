using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Noise;

/// <summary>Seeded normal noise, the same on every platform as PyTorch's CPU generator gives.</summary>
/// <remarks>Always drawn in float32 on the CPU: other number formats and devices give other numbers for the same seed.</remarks>
public static class NoiseSource
{
    /// <summary>A generator in the state that PyTorch's <c>manual_seed</c> gives it.</summary>
    /// <param name="seed">All 64 bits count.</param>
    public static Generator Seeded(ulong seed)
    {
        var generator = new Generator(0, CPU);
        generator.manual_seed(unchecked((long)seed));
        return generator;
    }

    /// <summary>The noise that a run starts from.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="shape">[B, C, H, W].</param>
    /// <param name="batchIndex">For each image the position it had in the batch it comes from, at least 0, so that it gets
    /// the same noise again; null for 0, 1, 2, …. Equal positions share noise.</param>
    /// <returns>Float32 of that shape, in the caller's dispose scope.</returns>
    public static Tensor Initial(ulong seed, ReadOnlySpan<long> shape, IReadOnlyList<int>? batchIndex = null)
    {
        using var generator = Seeded(seed);
        if (batchIndex is null)
        {
            return randn(shape, float32, generator: generator);
        }

        if (batchIndex.Count != shape[0] || batchIndex.Any(index => index < 0))
        {
            throw new ArgumentException(
                $"a batch of {shape[0]} needs as many batch positions of at least 0 but got [{string.Join(", ", batchIndex)}]", nameof(batchIndex));
        }

        // Each position is one draw after another, so the ones before have to be drawn too.
        using var scope = NewDisposeScope();
        var wanted = batchIndex.ToHashSet();
        long[] single = [1, .. shape[1..]];
        var drawn = new Dictionary<int, Tensor>();
        for (var i = 0; i <= wanted.Max(); i++)
        {
            var draw = randn(single, float32, generator: generator);
            if (wanted.Contains(i))
            {
                drawn.Add(i, draw);
            }
            else
            {
                draw.Dispose();
            }
        }

        return cat([.. batchIndex.Select(index => drawn[index])]).MoveToOuterDisposeScope();
    }
}
