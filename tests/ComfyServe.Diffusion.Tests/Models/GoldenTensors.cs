using System.Text.RegularExpressions;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Testing;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Models;

/// <summary>A file of recorded tensors: <c>w.*</c> weights, <c>in.*</c> inputs, <c>act.*</c> activations, <c>out*</c> outputs.</summary>
internal sealed partial class GoldenTensors : IDisposable
{
    private readonly SafetensorsFile _file;

    public GoldenTensors(string name)
    {
        TorchRuntime.Initialize();
        Assert.SkipWhen(RecordedData.Missing(name) is not null, RecordedData.Missing(name) ?? "");
        _file = SafetensorsFile.Open(RecordedData.Golden(name));
    }

    public IEnumerable<string> Names => _file.Entries.Select(e => e.Name);

    public IReadOnlyDictionary<string, string> Metadata => _file.Metadata;

    public string Config => _file.Metadata.GetValueOrDefault("config", "");

    public Tensor this[string name] => _file.Read(name);

    /// <summary>The recorded files whose name matches a pattern, for theories.</summary>
    public static TheoryData<string> Files(string pattern)
    {
        var folder = RecordedData.Golden();
        var files = Directory.Exists(folder) ? Directory.GetFiles(folder, pattern) : [];
        return files.Length > 0 ? [.. files.Select(f => Path.GetFileName(f)!).Order()] : [new TheoryDataRow<string>(pattern) { Skip = RecordedData.Missing(pattern) }];
    }

    /// <summary>The names in a file for theories; a row that says so where there is no such file.</summary>
    public static TheoryData<string> NamesIn(string file, Func<string, bool>? isWanted = null)
    {
        if (RecordedData.Missing(file) is { } reason)
        {
            return [new TheoryDataRow<string>(file) { Skip = reason }];
        }

        using var golden = new GoldenTensors(file);
        return [.. golden.Names.Where(n => isWanted?.Invoke(n) != false)];
    }

    /// <summary>The number after a word of the config text, such as <c>num_heads 4</c>.</summary>
    public int? Setting(string word) =>
        Regex.Match(Config, $@"\b{word}""?:? (\d+)", RegexOptions.None, TimeSpan.FromSeconds(1)) is { Success: true } match ? int.Parse(match.Groups[1].Value) : null;

    /// <summary>The weights by name. Some names end in the range of rows that was kept, such as <c>[0:100]</c>.</summary>
    public Dictionary<string, Tensor> Weights() =>
        Names.Where(n => n.StartsWith("w.", StringComparison.Ordinal)).ToDictionary(n => RowRange().Replace(n[2..], ""), n => this[n]);

    public void Dispose() => _file.Dispose();

    [GeneratedRegex(@"\[\d+:\d+\]$", RegexOptions.None, 1000)]
    private static partial Regex RowRange();
}
