using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>The last slopes of a multistep sampler, newest first.</summary>
/// <param name="capacity">How many are kept.</param>
internal sealed class SlopeHistory(int capacity)
{
    private readonly List<Tensor> _slopes = [];

    /// <summary>How many there are.</summary>
    public int Count => _slopes.Count;

    /// <summary>The slope of <paramref name="age"/> steps ago.</summary>
    public Tensor this[int age] => _slopes[age];

    /// <summary>Adds the current step's slope and forgets what is too old.</summary>
    public void Add(LoopStep step)
    {
        _slopes.Insert(0, step.Memory.Keep(null, step.Slope));
        if (_slopes.Count > capacity)
        {
            step.Memory.Free(_slopes[^1]);
            _slopes.RemoveAt(_slopes.Count - 1);
        }
    }

    /// <summary>x + Σ c_j·d_j over the newest slopes.</summary>
    public Tensor Advance(Tensor x, ReadOnlySpan<double> coefficients)
    {
        for (var j = 0; j < coefficients.Length; j++)
        {
            x += _slopes[j] * coefficients[j];
        }

        return x;
    }
}
