namespace ComfyServe.Engine.Http;

/// <summary>Times of files as clients of ComfyUI expect them.</summary>
internal static class FileTimes
{
    /// <summary>Seconds since 1970 with a fraction.</summary>
    public static double Seconds(DateTime utc) => (utc - DateTime.UnixEpoch).TotalSeconds;

    /// <summary>Names a state of a file: its time in nanoseconds and its length, in hexadecimal.</summary>
    public static string Tag(FileInfo file) => $"\"{(file.LastWriteTimeUtc - DateTime.UnixEpoch).Ticks * 100:x}-{file.Length:x}\"";
}
