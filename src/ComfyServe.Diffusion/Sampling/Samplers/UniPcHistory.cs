using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>The estimates that UniPC builds on, newest first.</summary>
internal sealed class UniPcHistory(StepMemory memory)
{
    private readonly List<(UniPcTime Time, Tensor Estimate)> _points = [];

    public UniPcTime Time(int age) => _points[age].Time;

    public Tensor Estimate(int age) => _points[age].Estimate;

    /// <summary>Adds the newest and forgets what is older than <paramref name="capacity"/> steps.</summary>
    public void Add(UniPcTime time, Tensor estimate, int capacity)
    {
        _points.Insert(0, (time, memory.Keep(null, estimate)));
        if (_points.Count > Math.Max(capacity, 1))
        {
            memory.Free(_points[^1].Estimate);
            _points.RemoveAt(_points.Count - 1);
        }
    }
}
