using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using System.Text;
using TorchSharp;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>Which shapes this processor and this libtorch compute right, remembered in a file. Thread-safe.</summary>
/// <remarks>
/// Some of libtorch's kernels silently compute wrong results on some processors (docs/architecture.md, "Measured facts").
/// Each shape is checked at its first use, once per processor, library version and number of threads
/// (docs/adr/0015-kernel-self-test.md). Verdicts are lines <c>right SHAPE</c> and <c>wrong SHAPE</c>, and a line
/// <c>chosen FORMAT: REASON</c> is the number format that was measured to be best; deleting the file repeats all of it.
/// </remarks>
public sealed class KernelVerdicts
{
    private const string Right = "right ";
    private const string Wrong = "wrong ";
    private const string Chosen = "chosen ";
    private static readonly ComputeFormat[] Choosable = [ComputeFormat.Fp32, ComputeFormat.Bf16, ComputeFormat.Fp16Cuda];

    // What else decides which kernels the libraries take: masks of instruction sets.
    private static readonly string[] Masks = ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS"];
    private readonly ConcurrentDictionary<string, bool> _known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<KernelShape, bool> _verdicts = new();
    private readonly string? _file;
    private readonly Action<string>? _warn;

    // Guards appending to the file.
    private readonly Lock _lock = new();

    /// <summary>Reads the verdicts of a file.</summary>
    /// <param name="file">The file; null: nothing is remembered beyond this object.</param>
    /// <param name="warn">Gets a sentence for each shape that is computed wrong.</param>
    public KernelVerdicts(string? file = null, Action<string>? warn = null)
    {
        (_file, _warn) = (file, warn);
        if (file is null || !File.Exists(file))
        {
            return;
        }

        foreach (var line in File.ReadLines(file))
        {
            if (line.StartsWith(Chosen, StringComparison.Ordinal))
            {
                Choice = Parse(line[Chosen.Length..]);
                continue;
            }

            var isRight = line.StartsWith(Right, StringComparison.Ordinal);
            if (isRight || line.StartsWith(Wrong, StringComparison.Ordinal))
            {
                _known[line[Right.Length..]] = isRight;
            }
        }
    }

    /// <summary>The verdicts of this machine, under <c>XDG_CACHE_HOME</c> or the user's folder for local data.</summary>
    /// <param name="warn">Gets a sentence for each shape that is computed wrong.</param>
    public static KernelVerdicts ForThisMachine(Action<string>? warn = null)
    {
        TorchRuntime.Initialize();
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Machine())))[..16];
        var file = Path.Combine(TorchRuntime.CacheFolder(), "kernels", $"{digest}.txt");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            if (!File.Exists(file))
            {
                File.WriteAllText(file, $"# {Machine()}\n");
            }

            return new KernelVerdicts(file, warn);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A read-only home: the checks run again with each start.
            return new KernelVerdicts(null, warn);
        }
    }

    /// <summary>The number format that was chosen last; null before the first measurement.</summary>
    internal FormatChoice? Choice { get; private set; }

    /// <summary>What the verdicts depend on: processor, library, threads, and masks of instruction sets in the environment.</summary>
    public static string Machine()
    {
        var masks = Masks.Where(static m => Environment.GetEnvironmentVariable(m) is not (null or "")).Select(static m => $", {m}={Environment.GetEnvironmentVariable(m)}");
        return string.Create(
            CultureInfo.InvariantCulture, $"{Processor()}, libtorch {torch.__version__}, {torch.get_num_threads()} threads{string.Concat(masks)}");
    }

    /// <summary>Whether a number format was found to be computed wrong in some shape.</summary>
    internal bool HasWrong(torch.ScalarType dtype)
    {
        var word = $" {dtype} ";
        return _known.Any(known => !known.Value && known.Key.Contains(word, StringComparison.Ordinal));
    }

    /// <summary>The verdict on a shape; null when it was not checked yet.</summary>
    internal bool? Get(KernelShape shape)
    {
        if (_verdicts.TryGetValue(shape, out var verdict))
        {
            return verdict;
        }

        if (!_known.TryGetValue(shape.ToString(), out verdict))
        {
            return null;
        }

        _verdicts[shape] = verdict;
        return verdict;
    }

    /// <summary>Remembers a verdict, and warns of a bad one.</summary>
    /// <param name="shape">What was checked.</param>
    /// <param name="isRight">Whether the result was right.</param>
    /// <param name="error">Its relative error.</param>
    internal void Add(KernelShape shape, bool isRight, double error)
    {
        if (!_known.TryAdd(shape.ToString(), isRight))
        {
            return; // another thread was faster
        }

        _verdicts[shape] = isRight;
        if (!isRight)
        {
            _warn?.Invoke(
                $"libtorch computes {shape} wrong on this processor (relative error {error.ToString("P1", CultureInfo.InvariantCulture)} against float64): "
                + $"a wider number format is used for it{(shape.Dtype == torch.ScalarType.BFloat16 ? ", and for everything from the next start on" : "")}");
        }

        Append($"{(isRight ? Right : Wrong)}{shape}");
    }

    /// <summary>Remembers which number format was measured to be best.</summary>
    internal void Remember(FormatChoice choice)
    {
        Choice = choice;
        Append($"{Chosen}{choice.Format.Name}: {choice.Reason}");
    }

    private static FormatChoice? Parse(string line) =>
        Choosable.FirstOrDefault(f => line.StartsWith($"{f.Name}: ", StringComparison.Ordinal)) is { } format
            ? new FormatChoice(format, line[(format.Name.Length + 2)..])
            : null;

    private void Append(string line)
    {
        if (_file is null)
        {
            return;
        }

        lock (_lock)
        {
            File.AppendAllText(_file, $"{line}\n");
        }
    }

    private static string Processor()
    {
        if (!X86Base.IsSupported)
        {
            return RuntimeInformation.ProcessArchitecture.ToString();
        }

        // The brand string is in CPUID leaves 0x80000002 to 0x80000004. Features may be masked by a hypervisor: leaf 7 too.
        Span<int> words = stackalloc int[12];
        for (var i = 0; i < 3; i++)
        {
            var (eax, ebx, ecx, edx) = X86Base.CpuId(unchecked((int)0x80000002) + i, 0);
            (words[4 * i], words[(4 * i) + 1], words[(4 * i) + 2], words[(4 * i) + 3]) = (eax, ebx, ecx, edx);
        }

        var features = X86Base.CpuId(7, 0);
        var more = X86Base.CpuId(7, 1);
        var brand = Encoding.ASCII.GetString(MemoryMarshal.AsBytes(words)).Trim('\0', ' ');
        return string.Create(CultureInfo.InvariantCulture, $"{brand} ({features.Ebx:x8} {features.Ecx:x8} {features.Edx:x8} {more.Eax:x8})");
    }
}
