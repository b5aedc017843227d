using System.Runtime.InteropServices;
using System.Text;
using ComfyServe.Diffusion.Runtime;
using TorchSharp;

namespace ComfyServe.Cli.Doctor;

/// <summary>Whether the native libraries load: the C library, the C++ library and libtorch.</summary>
internal static class LibraryCheck
{
    private const string WantedSymbols = "GLIBCXX_3.4.32";
    private static readonly string[] Places = ["/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/usr/lib64/libstdc++.so.6", "/lib/x86_64-linux-gnu/libstdc++.so.6", "/usr/lib/libstdc++.so.6"];

    public static IEnumerable<Finding> Run()
    {
        yield return CLibrary();
        yield return CppLibrary(Places);
        yield return Torch();
    }

    private static Finding CLibrary()
    {
        try
        {
            return CLibrary(Marshal.PtrToStringUTF8(gnu_get_libc_version()) ?? "?");
        }
        catch (EntryPointNotFoundException)
        {
            return new("libraries", FindingLevel.Problem, "this is not glibc", "libtorch wants glibc: use a Debian, Ubuntu or RHEL based system instead of one on musl");
        }
    }

    /// <summary>Judges a version of glibc.</summary>
    internal static Finding CLibrary(string version) => Version.TryParse(version, out var parsed) && parsed < new Version(2, 28)
        ? new("libraries", FindingLevel.Problem, $"glibc {version}", "libtorch wants glibc 2.28 or newer: use Debian 10, Ubuntu 20.04, RHEL 8 or newer")
        : new("libraries", FindingLevel.Ok, $"glibc {version}");

    /// <summary>Judges the first C++ library that is there.</summary>
    internal static Finding CppLibrary(string[] places)
    {
        var found = Array.Find(places, File.Exists);
        if (found is null)
        {
            return new("libraries", FindingLevel.Problem, "no libstdc++.so.6", "install libstdc++6");
        }

        return File.ReadAllBytes(found).AsSpan().IndexOf(Encoding.ASCII.GetBytes(WantedSymbols)) >= 0
            ? new("libraries", FindingLevel.Ok, $"libstdc++ has {WantedSymbols}")
            : new("libraries", FindingLevel.Warning, $"libstdc++ is older than {WantedSymbols}", "nothing to do: libtorch's bridge is adapted at its first start (docs/adr/0003-older-libstdcxx.md)");
    }

    private static Finding Torch()
    {
        try
        {
            var patched = TorchRuntime.Initialize();
            using var ones = torch.ones(2, 2);
            using var sum = ones.sum();
            return sum.item<float>() == 4
                ? new("libraries", FindingLevel.Ok, $"libtorch computes{(patched is null ? "" : $", with the adapted bridge '{patched}'")}")
                : new("libraries", FindingLevel.Problem, $"libtorch says that four ones are {sum.item<float>()}", "do not use this machine");
        }
        catch (Exception exception) when (exception is DllNotFoundException or TypeInitializationException or NotSupportedException or ExternalException)
        {
            return new("libraries", FindingLevel.Problem, $"libtorch does not load: {exception.Message}", "restore the packages again ('dotnet restore'), and check that this is linux-x64");
        }
    }

    [DllImport("libc.so.6")]
    private static extern nint gnu_get_libc_version();
}
