using System.Security.Cryptography;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Testing;

namespace ComfyServe.Diffusion.Tests.Checkpoints;

/// <summary>The reference checkpoint for slow tests: made once, kept under <c>artifacts/reference</c> or where
/// <c>COMFYSERVE_REFERENCE</c> says, its digest checked in each run.</summary>
internal static class ReferenceFile
{
    private static readonly Lazy<string> Checked = new(Make);

    public static string GetPath() => Checked.Value;

    private static string Make()
    {
        var path = Environment.GetEnvironmentVariable("COMFYSERVE_REFERENCE") is { Length: > 0 } given
            ? Path.GetFullPath(given)
            : Path.Combine(RepositoryRoot.Path, "artifacts", "reference", "sd15-reference.safetensors");
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            ReferenceCheckpoint.Write(path);
        }

        using var stream = File.OpenRead(path);
        var digest = Convert.ToHexStringLower(SHA256.HashData(stream));
        Assert.Equal(ReferenceCheckpoint.Sha256, digest);
        return path;
    }
}
