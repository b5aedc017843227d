namespace ComfyServe.Testing;

/// <summary>Finds files of the repository from wherever a test assembly was built.</summary>
public static class RepositoryRoot
{
    /// <summary>The folder that holds <c>ComfyServe.slnx</c>.</summary>
    public static string Path { get; } = Find();

    /// <summary>A file or folder under <c>tests/data</c>.</summary>
    public static string Data(params string[] parts) => System.IO.Path.Combine([Path, "tests", "data", .. parts]);

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "ComfyServe.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException("no folder above the test assembly holds 'ComfyServe.slnx'");
    }
}
