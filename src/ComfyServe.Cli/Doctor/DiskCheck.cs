namespace ComfyServe.Cli.Doctor;

/// <summary>Whether the data folder can be written and has room.</summary>
internal static class DiskCheck
{
    public static IEnumerable<Finding> Run(string data)
    {
        var place = data;
        while (!Directory.Exists(place) && Path.GetDirectoryName(place) is { } above)
        {
            place = above;
        }

        yield return Room(new DriveInfo(place).AvailableFreeSpace, data);
        yield return Writable(place, data);
    }

    /// <summary>Judges the free space of a folder's disk.</summary>
    internal static Finding Room(long free, string data) => free switch
    {
        < 1L << 30 => new("disk", FindingLevel.Problem, $"{Output.Size(free)} free for '{data}'", "below 512 MiB clean-up deletes outputs older than 24 h: run 'comfyserve clean', or set COMFYSERVE_DATA to a larger disk"),
        < 10L << 30 => new("disk", FindingLevel.Warning, $"{Output.Size(free)} free for '{data}'", "one checkpoint takes 2 to 7 GB"),
        _ => new("disk", FindingLevel.Ok, $"{Output.Size(free)} free for '{data}'"),
    };

    private static Finding Writable(string place, string data)
    {
        var probe = Path.Combine(place, $".comfyserve-{Guid.NewGuid():N}");
        try
        {
            File.WriteAllBytes(probe, [1]);
            File.Delete(probe);
            return new("disk", FindingLevel.Ok, $"'{data}' can be written");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new("disk", FindingLevel.Problem, $"'{place}' cannot be written: {exception.Message}", $"run 'chown -R {Environment.UserName} {place}', or set COMFYSERVE_DATA to another folder");
        }
    }
}
