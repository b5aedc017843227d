namespace ComfyServe.Worker.Reporting;

/// <summary>How much more of the root file system is used than at the last look.</summary>
internal sealed class DiskUsage
{
    private const double GiB = 1L << 30;
    private long? _last;

    /// <summary>The change since the last call, GiB.</summary>
    public double Change()
    {
        long used;
        try
        {
            var drive = new DriveInfo("/");
            used = drive.TotalSize - drive.TotalFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 0;
        }

        var change = _last is { } last ? (used - last) / GiB : 0;
        _last = used;
        return change;
    }
}
