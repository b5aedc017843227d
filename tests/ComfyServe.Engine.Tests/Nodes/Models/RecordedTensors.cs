using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Testing;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Tests.Nodes.Models;

/// <summary>A file of recorded tensors, and how far others are from them.</summary>
internal sealed class RecordedTensors : IDisposable
{
    private readonly SafetensorsFile _file;

    public RecordedTensors(string name)
    {
        TorchRuntime.Initialize();
        Assert.SkipWhen(RecordedData.Missing(name) is not null, RecordedData.Missing(name) ?? "");
        _file = SafetensorsFile.Open(RecordedData.Golden(name));
    }

    public Tensor this[string name] => _file.Read(name);

    /// <summary>The names in a file; none where there is no such file.</summary>
    public static IReadOnlyList<string> Names(string file)
    {
        if (RecordedData.Missing(file) is not null)
        {
            return [];
        }

        using var recorded = new RecordedTensors(file);
        return [.. recorded._file.Entries.Select(e => e.Name).Order(StringComparer.Ordinal)];
    }

    public bool Has(string name) => _file.Contains(name);

    /// <summary>Norm of the difference ÷ norm of what was expected.</summary>
    public static double Error(Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        var reference = expected.to(ScalarType.Float64);
        return ((actual.to(ScalarType.Float64) - reference).norm() / reference.norm()).item<double>();
    }

    public void Dispose() => _file.Dispose();
}
