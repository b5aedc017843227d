namespace ComfyServe.Hosting.Files;

/// <summary>
/// Files and folders for the account of this process alone: modes 600 and 700, from the moment at which they are made. Ledgers, logs and outputs hold what
/// belongs to callers. On Windows the folder's own rules count.
/// </summary>
public static class PrivateFiles
{
    private const UnixFileMode FileMode600 = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode FolderMode700 = FileMode600 | UnixFileMode.UserExecute;

    /// <summary>Makes a folder, and those above it that are missing. One that is there stays as it is: its owner may have chosen who reads it.</summary>
    public static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else if (!Directory.Exists(path))
        {
            if (Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))) is { } above)
            {
                CreateFolder(above); // The mode is that of the last one alone.
            }

            Directory.CreateDirectory(path, FolderMode700);
        }
    }

    /// <summary>Makes a folder whose name is ours, and takes one that an earlier version made away from others.</summary>
    public static void OwnFolder(string path)
    {
        CreateFolder(path);
        Tighten(path, FolderMode700);
    }

    /// <summary>Takes a file away from others; nothing where there is none.</summary>
    public static void OwnFile(string path)
    {
        if (File.Exists(path))
        {
            Tighten(path, FileMode600);
        }
    }

    /// <summary>Opens a file to write, as <see cref="FileStream"/> does.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mode">What happens where it is, or is not, there.</param>
    /// <param name="share">What others may do meanwhile.</param>
    /// <param name="bufferSize">Bytes kept before they are written.</param>
    /// <param name="options">Further options.</param>
    public static FileStream Write(string path, FileMode mode, FileShare share = FileShare.Read, int bufferSize = 4096, FileOptions options = FileOptions.None)
    {
        var settings = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = share, BufferSize = bufferSize, Options = options };
        if (!OperatingSystem.IsWindows())
        {
            settings.UnixCreateMode = FileMode600;
        }

        return new(path, settings);
    }

    /// <summary>Writes a whole file.</summary>
    public static async Task WriteAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await using var file = Write(path, FileMode.Create, bufferSize: 0);
        await file.WriteAsync(bytes, cancellationToken);
    }

    private static void Tighten(string path, UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        try
        {
            var now = File.GetUnixFileMode(path);
            if ((now | mode) != mode)
            {
                File.SetUnixFileMode(path, now & mode);
            }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            // Somebody else's, or a file system without modes: whoever gave it to us decides who reads it.
        }
    }
}
