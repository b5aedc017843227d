namespace ComfyServe.Cli;

/// <summary>Looks at where a command is going to write before it begins with work that would be lost.</summary>
internal static class OutputPlace
{
    /// <summary>Checks that a folder can be made and written to, and that its disk has room. Makes nothing that stays.</summary>
    /// <param name="folder">The folder; it need not exist.</param>
    /// <param name="name">The option or argument that names it.</param>
    /// <param name="bytes">How much will be written, at least.</param>
    /// <exception cref="UsageException">It cannot be written to, or the disk is full.</exception>
    public static void Check(string folder, string name, long bytes)
    {
        var existing = Path.GetFullPath(folder);
        while (!Path.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
        {
            existing = parent;
        }

        if (!Directory.Exists(existing))
        {
            throw new UsageException($"'{folder}' ({name}) cannot be a folder: '{existing}' is a file");
        }

        try
        {
            using var probe = new FileStream(Path.Combine(existing, $".comfyserve-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            probe.WriteByte(0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{folder}' ({name}) cannot be written to: {FailureText.Of(error)}; choose another folder");
        }

        if (Free(existing) is { } free && free < bytes)
        {
            throw new UsageException($"the disk of '{folder}' ({name}) has {Output.Size(free)} free and {Output.Size(bytes)} are needed; free some, or choose another folder");
        }
    }

    private static long? Free(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null; // Not every file system tells.
        }
    }
}
