using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Noise;

/// <summary>Increments of one Brownian path over sigma: the same path however it is cut into steps.</summary>
/// <remarks>
/// The path is a binary tree over [σmin, σmax]. An interval's increment W splits at its middle: the left part is
/// W·l/h + √(l·r/h)·ξ with ξ from a seed that belongs to the node (Lévy's construction; Li et al. 2020, "Scalable
/// gradients for stochastic differential equations", and the library torchsde, whose seeds and rounding are followed).
/// Nothing is stored: each look-up walks down from the root again.
/// </remarks>
public sealed class BrownianNoise : INoiseSampler, IDisposable
{
    private const double Grid = 1e6;
    private const int PoolSize = 24;
    private readonly ulong _seed;
    private readonly long[] _shape;
    private readonly double _start;
    private readonly double _end;
    private readonly Tensor _whole;

    /// <summary>Draws the increment over the whole range.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="shape">Of the latents.</param>
    /// <param name="sigmaMin">Smallest sigma above 0.</param>
    /// <param name="sigmaMax">Largest sigma.</param>
    public BrownianNoise(ulong seed, ReadOnlySpan<long> shape, double sigmaMin, double sigmaMax)
    {
        _seed = seed;
        _shape = shape.ToArray();
        _start = Rounded(sigmaMin);
        _end = Rounded(sigmaMax);
        using var scope = NewDisposeScope();
        var state = new SeedSequence(seed, [], PoolSize).Generate(3);
        _whole = (Draw(state[0]) * Math.Sqrt(sigmaMax - sigmaMin)).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Sample(double sigma, double target)
    {
        using var scope = NewDisposeScope();
        var (low, high) = (Math.Min(sigma, target), Math.Max(sigma, target));
        var from = Math.Clamp(Rounded(low), _start, _end);
        var to = Math.Clamp(Rounded(high), _start, _end);
        var increment = from < to ? Increment(_whole, new Node(_start, _end, 0, 0), from, to) : zeros(_shape, float32);

        // Sigma falls while the path runs upwards.
        var sign = sigma > target ? -1 : 1;
        return (increment * (sign / Math.Sqrt(high - low))).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => _whole.Dispose();

    private Tensor Increment(Tensor increment, Node node, double from, double to)
    {
        if (from == node.Start && to == node.End)
        {
            return increment;
        }

        var middle = Rounded(0.5 * (node.End + node.Start));
        var (left, right, width) = (middle - node.Start, node.End - middle, node.End - node.Start);
        var seed = new SeedSequence(_seed, [node.Key, node.Depth], PoolSize).Generate(4)[0];
        var leftIncrement = (increment * (left / width)) + (Draw(seed) * Math.Sqrt(left * right / width));
        var leftNode = new Node(node.Start, middle, 2 * node.Key, node.Depth + 1);
        var rightNode = new Node(middle, node.End, (2 * node.Key) + 1, node.Depth + 1);
        if (to <= middle)
        {
            return Increment(leftIncrement, leftNode, from, to);
        }

        var rightIncrement = increment - leftIncrement;
        return from >= middle
            ? Increment(rightIncrement, rightNode, from, to)
            : Increment(leftIncrement, leftNode, from, middle) + Increment(rightIncrement, rightNode, middle, to);
    }

    private Tensor Draw(uint seed)
    {
        using var generator = NoiseSource.Seeded(seed);
        return randn(_shape, float32, generator: generator);
    }

    /// <summary>Rounds to six decimals by the exact value. The middle of two rounded times ends in a five, and which way it
    /// goes is decided by the last bits of its binary form, which <see cref="Math.Round(double, int)"/> loses.</summary>
    private static double Rounded(double time)
    {
        var scaled = time * Grid;
        var lost = Math.FusedMultiplyAdd(time, Grid, -scaled);
        var whole = Math.Floor(scaled);
        var beyondHalf = (scaled - whole - 0.5) + lost;
        var up = beyondHalf > 0 || (beyondHalf == 0 && whole % 2 != 0);
        return (up ? whole + 1 : whole) / Grid;
    }

    private readonly record struct Node(double Start, double End, ulong Key, ulong Depth);
}
