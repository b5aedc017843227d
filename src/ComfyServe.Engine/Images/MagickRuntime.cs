using ImageMagick;

namespace ComfyServe.Engine.Images;

/// <summary>Settings of ImageMagick, made once before its first use.</summary>
internal static class MagickRuntime
{
    private static readonly Lazy<bool> Started = new(Start);

    /// <summary>Loads the native library and sets it up. Cheap after the first call.</summary>
    public static void EnsureStarted() => _ = Started.Value;

    private static bool Start()
    {
        // Pixels stay in memory and within bounds: no picture is spilled to the disk, and a header that lies runs into these.
        ResourceLimits.Disk = 0;
        ResourceLimits.Memory = 3UL << 30;
        ResourceLimits.MaxMemoryRequest = 2UL << 30;
        return true;
    }
}
