using ComfyServe.Diffusion.Checkpoints;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Adapters;

/// <summary>A file of low-rank changes to weights (Hu et al. 2021, "LoRA"; convolutions as in LoCon), in the names of kohya's
/// scripts, Diffusers, PEFT and others.</summary>
/// <remarks>Understood are pairs of up and down matrices with an optional middle one, and whole differences of weights and biases.
/// Other kinds (LoHa, LoKr, DoRA…) are refused.</remarks>
public sealed class LoraFile : IDisposable
{
    /// <summary>Endings of the up, down and middle matrix of one weight; middle: empty for none.</summary>
    private static readonly (string Up, string Down, string Middle)[] Pairs =
    [
        (".lora_up.weight", ".lora_down.weight", ".lora_mid.weight"),
        ("_lora.up.weight", "_lora.down.weight", ""),
        (".lora_B.weight", ".lora_A.weight", ""),
        (".lora.up.weight", ".lora.down.weight", ""),
        (".lora_B", ".lora_A", ""),
        (".lora_linear_layer.up.weight", ".lora_linear_layer.down.weight", ""),
        (".lora_B.default.weight", ".lora_A.default.weight", ""),
    ];

    private static readonly string[] Refused =
        [".dora_scale", ".hada_w1_a", ".lokr_w1", ".lokr_w1_a", ".oft_blocks", ".a1.weight", ".set_weight", ".w_norm", ".b_norm", ".reshape_weight"];

    private readonly SafetensorsFile _file;
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    private LoraFile(SafetensorsFile file) => _file = file;

    /// <summary>The file's path as given.</summary>
    public string Path => _file.Path;

    /// <summary>The names of tensors that no weight asked for.</summary>
    public IEnumerable<string> Unused => _file.Entries.Select(static entry => entry.Name).Where(name => !_used.Contains(name));

    /// <summary>Opens a file.</summary>
    /// <exception cref="CheckpointException">It is no safetensors file, corrupt, or holds a kind of change that is not supported.</exception>
    public static LoraFile Open(string path)
    {
        var file = SafetensorsFile.Open(path);
        var refused = file.Entries.Where(entry => Refused.Any(ending => entry.Name.EndsWith(ending, StringComparison.Ordinal))).Select(entry => entry.Name).ToList();
        if (refused.Count == 0)
        {
            return new LoraFile(file);
        }

        file.Dispose();
        throw new CheckpointException(
            $"'{path}' holds changes that are not supported, such as '{refused[0]}' ({refused.Count} in all); supported are LoRA (up, down, mid, alpha) and diff");
    }

    /// <summary>The change of one weight at strength 1, fp32 in the weight's shape; null where the file has none.</summary>
    /// <param name="keys">The names that the weight may have in the file, without their endings.</param>
    /// <param name="shape">The weight's shape.</param>
    /// <exception cref="CheckpointException">The change does not fit the weight.</exception>
    public Tensor? Change(IEnumerable<string> keys, ReadOnlySpan<long> shape)
    {
        using var scope = NewDisposeScope();
        foreach (var key in keys)
        {
            foreach (var (up, down, middle) in Pairs)
            {
                if (_file.Contains(key + up) && _file.Contains(key + down))
                {
                    return Fit(LowRank(key, up, down, middle), shape, key).MoveToOuterDisposeScope();
                }
            }

            if (_file.Contains($"{key}.diff"))
            {
                return Fit(Read($"{key}.diff"), shape, key).MoveToOuterDisposeScope();
            }
        }

        return null;
    }

    /// <summary>The change of one bias at strength 1; null where the file has none.</summary>
    /// <param name="keys">The names that the layer may have in the file, without their endings.</param>
    /// <param name="shape">The bias's shape.</param>
    /// <exception cref="CheckpointException">The change does not fit the bias.</exception>
    public Tensor? BiasChange(IEnumerable<string> keys, ReadOnlySpan<long> shape)
    {
        foreach (var key in keys)
        {
            if (_file.Contains($"{key}.diff_b"))
            {
                return Fit(Read($"{key}.diff_b"), shape, key);
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>(alpha ÷ rank) · up × down, with the rank's middle convolution first where there is one.</summary>
    private Tensor LowRank(string key, string upEnding, string downEnding, string middleEnding)
    {
        var (up, down) = (Read(key + upEnding), Read(key + downEnding)); // [outputs, r, …], [r, inputs, …]
        var rank = down.shape[0];
        if (middleEnding.Length > 0 && _file.Contains(key + middleEnding))
        {
            var middle = Read(key + middleEnding); // [r, r, k, k]
            var product = down.transpose(0, 1).flatten(1).matmul(middle.transpose(0, 1).flatten(1)); // [inputs, r·k·k]
            down = product.reshape(down.shape[1], down.shape[0], middle.shape[2], middle.shape[3]).transpose(0, 1); // [r, inputs, k, k]
        }

        var scale = _file.Contains($"{key}.alpha") ? Read($"{key}.alpha").item<float>() / (double)rank : 1;
        return up.flatten(1).matmul(down.flatten(1)) * scale; // [outputs, inputs·k·k]
    }

    private Tensor Fit(Tensor change, ReadOnlySpan<long> shape, string key)
    {
        var wanted = shape.ToArray();
        return change.numel() == wanted.Aggregate(1L, static (product, size) => product * size)
            ? change.reshape(wanted)
            : throw new CheckpointException(
                $"'{Path}' changes '{key}' by [{string.Join(", ", change.shape)}] but the weight is [{string.Join(", ", wanted)}]: it belongs to another kind of checkpoint");
    }

    private Tensor Read(string name)
    {
        _used.Add(name);
        return _file.Read(name, ScalarType.Float32);
    }
}
