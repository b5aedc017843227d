using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TorchSharp;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>Makes libtorch usable in this process: memory allocator tuning, then the native libraries.</summary>
/// <remarks>
/// Call <see cref="Initialize"/> before the first tensor. It is idempotent and thread-safe. Linux only steps are
/// skipped elsewhere.
/// </remarks>
public static class TorchRuntime
{
    private const int MallopTrimThreshold = -1;
    private const int MallopTopPad = -2;
    private const int MallopMmapThreshold = -3;
    private const int MallopMmapMax = -4;
    private const int TopPadBytes = 64 << 20;
    private const int MappedBytes = 8 << 20;
    private static readonly Lazy<string?> Loaded = new(Load);

    /// <summary>Loads the native libraries once. Returns the path of the patched bridge library, or null when the
    /// shipped one loads as it is.</summary>
    /// <exception cref="DllNotFoundException">libtorch is missing or cannot be loaded; the message names the file.</exception>
    public static string? Initialize() => Loaded.Value;

    /// <summary>Where this program keeps what it can make again.</summary>
    internal static string CacheFolder()
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } given && Path.IsPathRooted(given) ? given
            : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return Path.Combine(cache.Length > 0 ? cache : Path.GetTempPath(), "comfyserve");
    }

    private static string? Load()
    {
        string? patched = null;
        if (OperatingSystem.IsLinux())
        {
            TuneAllocator();
            patched = PreloadBridge(AppContext.BaseDirectory);
            DisableNnpack();
        }

        torch.InitializeDeviceType(DeviceType.CPU);
        return patched;
    }

    /// <summary>
    /// With glibc's defaults each large tensor is mapped and unmapped and page faults take most of the run: a UNet
    /// step at 512×512 takes 17–19 s instead of 3.5 s (docs/architecture.md, "Measured facts").
    /// </summary>
    private static void TuneAllocator()
    {
        if (new MemoryRoom().IsLimitOfAddresses)
        {
            // What the heap keeps would be lost to everything that maps memory of its own: the collector, compiled kernels, stacks.
            _ = mallopt(MallopMmapThreshold, MappedBytes);
            _ = mallopt(MallopTrimThreshold, MappedBytes);
        }
        else
        {
            _ = mallopt(MallopMmapMax, 0);
            _ = mallopt(MallopTrimThreshold, int.MaxValue);
            _ = mallopt(MallopTopPad, TopPadBytes);
        }

        // .NET's own setter does not reach native code.
        _ = setenv("THP_MEM_ALLOC_ENABLE", "1", 0);
    }

    private static string? PreloadBridge(string folder)
    {
        var bridge = Path.Combine(folder, "libLibTorchSharp.so");
        if (!File.Exists(bridge))
        {
            bridge = Path.Combine(folder, "runtimes", "linux-x64", "native", "libLibTorchSharp.so");
            folder = Path.GetDirectoryName(bridge)!;
        }

        if (!File.Exists(bridge))
        {
            return null;
        }

        foreach (var name in (string[])["libc10.so", "libtorch_cpu.so", "libtorch.so"])
        {
            var library = Path.Combine(folder, name);
            if (File.Exists(library))
            {
                NativeLibrary.Load(library);
            }
        }

        if (NativeLibrary.TryLoad(bridge, out _))
        {
            return null;
        }

        // Hosts with a libstdc++ older than GCC 13 (Debian 12, Ubuntu 22.04): load a patched copy. Its soname is the
        // same, so TorchSharp's own imports find it already loaded.
        var copy = WritePatchedCopy(bridge);
        NativeLibrary.Load(copy);
        return copy;
    }

    /// <summary>
    /// NNPACK would only compute small fp32 convolutions, and writes a warning for each of them where it does not know
    /// the processor. TorchSharp has no call for the switch, so the library's own symbols are used where they are found.
    /// </summary>
    private static unsafe void DisableNnpack()
    {
        if (NativeLibrary.TryLoad("libtorch_cpu.so", typeof(TorchRuntime).Assembly, null, out var library)
            && NativeLibrary.TryGetExport(library, "_ZN2at13globalContextEv", out var globalContext)
            && NativeLibrary.TryGetExport(library, "_ZN2at7Context20setUserEnabledNNPACKEb", out var setEnabled))
        {
            var context = ((delegate* unmanaged<nint>)globalContext)();
            ((delegate* unmanaged<nint, byte, void>)setEnabled)(context, 0);
        }
    }

    private static string WritePatchedCopy(string bridge)
    {
        var image = File.ReadAllBytes(bridge);
        var digest = Convert.ToHexStringLower(SHA256.HashData(image))[..16];
        var folder = Path.Combine(CacheFolder(), "native", digest);
        var copy = Path.Combine(folder, Path.GetFileName(bridge));
        if (!ElfSymbolPatch.TryApply(image))
        {
            throw new DllNotFoundException(
                $"'{bridge}' cannot be loaded and is not the library that the libstdc++ patch knows; run 'ldd {bridge}' to see what is missing");
        }

        if (!File.Exists(copy) || new FileInfo(copy).Length != image.Length)
        {
            Directory.CreateDirectory(folder);
            var partial = $"{copy}.{Environment.ProcessId}.tmp";
            File.WriteAllBytes(partial, image);
            File.Move(partial, copy, overwrite: true);
        }

        return copy;
    }

    [DllImport("libc", ExactSpelling = true)]
    private static extern int mallopt(int parameter, int value);

    [DllImport("libc", ExactSpelling = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int setenv(string name, string value, int overwrite);
}
