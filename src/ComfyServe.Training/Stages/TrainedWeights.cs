using ComfyServe.Diffusion.Checkpoints;
using static TorchSharp.torch;

namespace ComfyServe.Training.Stages;

/// <summary>The weights of networks in training, with AdamW (https://arxiv.org/abs/1711.05101) and a running average of them.</summary>
/// <remarks>
/// All values lie in one flat fp32 tensor, so that an optimiser step is ten operations however many weights there are.
/// Several workers compute with the same values and collect gradients of their own.
/// </remarks>
internal sealed class TrainedWeights : IDisposable
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.99;
    private const double WeightDecay = 0.01;
    private const double MaxNorm = 1;
    private static readonly string[] FlatNames = ["values", "first", "second", "average"];
    private readonly List<Slot> _slots = [];
    private readonly Dictionary<string, Tensor> _flat;
    private readonly Tensor _gradient;

    /// <summary>Makes initial weights.</summary>
    /// <param name="shapes">Name to shape; see <see cref="ShapesOf"/>.</param>
    /// <param name="initialise">Values of a name and shape, fp32.</param>
    /// <param name="workers">How many workers collect gradients.</param>
    public TrainedWeights(IReadOnlyDictionary<string, long[]> shapes, Func<string, long[], Tensor> initialise, int workers)
    {
        using var scope = NewDisposeScope();
        var total = shapes.Values.Sum(Count);
        _flat = FlatNames.ToDictionary(n => n, _ => zeros(total).DetachFromDisposeScope());
        _gradient = zeros(total).DetachFromDisposeScope();
        Workers = [.. Enumerable.Range(0, workers).Select(_ => new Dictionary<string, Tensor>())];
        var offset = 0L;
        foreach (var (name, shape) in shapes.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            var value = View(Values, offset, shape);
            value.copy_(initialise(name, shape));
            foreach (var worker in Workers)
            {
                worker.Add(name, value.detach().requires_grad_(true).DetachFromDisposeScope());
            }

            _slots.Add(new Slot(name, offset, shape));
            offset += Count(shape);
        }

        _flat["average"].copy_(Values);
    }

    /// <summary>For each worker the leaves that its networks compute with. All share the same values.</summary>
    public IReadOnlyList<Dictionary<string, Tensor>> Workers { get; }

    /// <summary>Steps taken.</summary>
    public long Steps { get; private set; }

    /// <summary>Number of weights.</summary>
    public long Total => Values.numel();

    private Tensor Values => _flat["values"];

    /// <summary>Takes one step against the workers' mean gradient and clears it. Returns its norm before clipping.</summary>
    public double Step(double learningRate, double averageDecay)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        CollectGradients();
        var norm = _gradient.norm().item<float>();
        if (!float.IsFinite(norm))
        {
            return norm; // one bad batch must not destroy the weights
        }

        if (norm > MaxNorm)
        {
            _gradient.mul_(MaxNorm / norm);
        }

        Steps++;
        var (first, second, average) = (_flat["first"], _flat["second"], _flat["average"]);
        first.mul_(Beta1).add_(_gradient, alpha: 1 - Beta1);
        second.mul_(Beta2).addcmul_(_gradient, _gradient, 1 - Beta2);
        var scale = (second / (1 - Math.Pow(Beta2, Steps))).sqrt_().add_(1e-8);
        Values.mul_(1 - (learningRate * WeightDecay));
        Values.addcdiv_(first, scale, -learningRate / (1 - Math.Pow(Beta1, Steps)));

        // Early averages must not remember the random start.
        var decay = Math.Min(averageDecay, (1.0 + Steps) / (10 + Steps));
        average.mul_(decay).add_(Values, alpha: 1 - decay);
        return norm;
    }

    /// <summary>The running averages under their names, fp32; views that change with the next step.</summary>
    public Dictionary<string, Tensor> Averages() => _slots.ToDictionary(s => s.Name, s => View(_flat["average"], s.Offset, s.Shape));

    /// <summary>Everything that resuming needs.</summary>
    public IReadOnlyDictionary<string, Tensor> Save() => _flat;

    /// <summary>Takes up what <see cref="Save"/> gave.</summary>
    public void Restore(Func<string, Tensor> read, long steps)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        foreach (var (name, tensor) in _flat)
        {
            tensor.copy_(read(name));
        }

        Steps = steps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in Workers.SelectMany(w => w.Values).Concat(_flat.Values).Append(_gradient))
        {
            tensor.Dispose();
        }
    }

    /// <summary>Name and shape of every weight that networks ask for while they are built.</summary>
    public static Dictionary<string, long[]> ShapesOf(Action<IWeightSource> build)
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>();
        build(new TensorWeights(tensors, static (_, shape) => zeros(shape)));
        return tensors.ToDictionary(t => t.Key, t => t.Value.shape);
    }

    private void CollectGradients()
    {
        _gradient.zero_();
        foreach (var slot in _slots)
        {
            using var inner = NewDisposeScope();
            var target = View(_gradient, slot.Offset, slot.Shape);
            foreach (var worker in Workers)
            {
                if (worker[slot.Name].grad is { } gradient)
                {
                    target.add_(gradient, alpha: 1.0 / Workers.Count);
                    gradient.zero_();
                }
            }
        }
    }

    private static Tensor View(Tensor flat, long offset, long[] shape) => flat.narrow(0, offset, Count(shape)).view(shape);

    private static long Count(long[] shape) => shape.Aggregate(1L, static (a, b) => a * b);

    private sealed record Slot(string Name, long Offset, long[] Shape);
}
