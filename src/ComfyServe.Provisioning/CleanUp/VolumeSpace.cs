namespace ComfyServe.Provisioning.CleanUp;

/// <summary>The room of the file system that a folder is on.</summary>
/// <param name="Free">Bytes that may still be written.</param>
/// <param name="Total">Bytes that it holds in all.</param>
public sealed record VolumeSpace(long Free, long Total)
{
    /// <summary>Asks the system.</summary>
    public static VolumeSpace Of(string folder)
    {
        var drive = new DriveInfo(folder);
        return new VolumeSpace(drive.AvailableFreeSpace, drive.TotalSize);
    }
}
