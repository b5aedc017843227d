using System.IO.Enumeration;

namespace ComfyServe.Provisioning.CleanUp;

/// <summary>Reads folders and removes from them. Never follows a link.</summary>
internal static class DiskScan
{
    private const long Block = 4096;

    /// <summary>A folder that was made a moment ago may be about to get its first file.</summary>
    private static readonly TimeSpan YoungFolder = TimeSpan.FromMinutes(10);

    /// <summary>The files below a folder that may go.</summary>
    public static IEnumerable<StoredFile> Files(CleanUpFolder folder)
    {
        foreach (var info in Entries(folder.Path))
        {
            if (info is FileInfo { LinkTarget: null } file)
            {
                var name = Path.GetRelativePath(folder.Path, file.FullName);
                if (folder.Covers(name) && Stored(folder, name, file) is { } stored)
                {
                    yield return stored;
                }
            }
        }
    }

    /// <summary>Deletes a file that is still the one that was seen; false where it is gone or was written since.</summary>
    public static bool Delete(StoredFile file)
    {
        try
        {
            var now = new FileInfo(file.Path);
            if (!now.Exists || now.LastWriteTimeUtc != file.Modified.UtcDateTime)
            {
                return false;
            }

            now.Delete();
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Links below a folder that point nowhere.</summary>
    public static IEnumerable<string> DanglingLinks(string folder) =>
        Entries(folder).Where(e => e.LinkTarget is not null && e.ResolveLinkTarget(returnFinalTarget: true) is not { Exists: true }).Select(e => e.FullName);

    /// <summary>Removes folders without entries, from below; the folder itself stays.</summary>
    /// <returns>How many.</returns>
    public static int RemoveEmptyFolders(string folder, DateTimeOffset now)
    {
        var removed = 0;
        var folders = Entries(folder).OfType<DirectoryInfo>().Where(d => d.LinkTarget is null).OrderByDescending(d => d.FullName.Length);
        foreach (var empty in folders)
        {
            if (now.UtcDateTime - empty.LastWriteTimeUtc < YoungFolder || empty.EnumerateFileSystemInfos().Any())
            {
                continue;
            }

            try
            {
                empty.Delete();
                removed++;
            }
            catch (IOException)
            {
                // Somebody put a file into it just now, or it is gone: both are fine.
            }
        }

        return removed;
    }

    private static StoredFile? Stored(CleanUpFolder folder, string name, FileInfo file)
    {
        try
        {
            return new StoredFile(folder.Path, name, folder.Kind, (file.Length + Block - 1) / Block * Block, new DateTimeOffset(file.LastWriteTimeUtc));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static IReadOnlyList<FileSystemInfo> Entries(string folder)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.None };
        if (!Directory.Exists(folder))
        {
            return [];
        }

        try
        {
            // A link to a folder is listed and not entered: .NET would enter it and delete what lies elsewhere.
            return
            [
                .. new FileSystemEnumerable<FileSystemInfo>(folder, static (ref FileSystemEntry entry) => entry.ToFileSystemInfo(), options)
                {
                    ShouldRecursePredicate = static (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
                },
            ];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }
}
