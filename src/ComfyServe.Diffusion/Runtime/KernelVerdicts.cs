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
/// (docs/adr/0015-kernel-self-test.md). Verdicts are lines <c>right SHAPE</c> and <c>wrong SHAPE</c>; deleting the file
/// repeats the checks.
/// </remarks>
public sealed class KernelVerdicts
{
    private const string Right = "right ";
    private const string Wrong = "wrong ";
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

    /// <summary>What the verdicts depend on: processor, library, threads.</summary>
    public static string Machine() => string.Create(
        CultureInfo.InvariantCulture, $"{Processor()}, libtorch {torch.__version__}, {torch.get_num_threads()} threads");

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

        if (_file is not null)
        {
            lock (_lock)
            {
                File.AppendAllText(_file, $"{(isRight ? Right : Wrong)}{shape}\n");
            }
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
