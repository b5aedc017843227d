using NetVips;

namespace ComfyServe.Engine.Images;

/// <summary>Settings of libvips, made once before its first use.</summary>
internal static class VipsRuntime
{
    private static readonly Lazy<Log.LogDelegate> Started = new(Start);

    /// <summary>Loads the native library and sets it up. Cheap after the first call (about 30 ms).</summary>
    public static void EnsureStarted() => _ = Started.Value;

    private static Log.LogDelegate Start()
    {
        // Every image is decoded once from memory that we own: caching results would only keep the memory alive.
        Cache.Max = 0;
        NetVips.NetVips.BlockUntrusted = true;

        // libvips prints warnings about each damaged file to standard error; the same texts arrive as exceptions.
        Log.LogDelegate ignore = static (_, _, _) => { };
        _ = Log.SetLogHandler("VIPS", Enums.LogLevelFlags.Warning, ignore);
        return ignore;
    }
}
