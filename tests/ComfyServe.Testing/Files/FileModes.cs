namespace ComfyServe.Testing.Files;

/// <summary>Modes of files and folders, in digits.</summary>
public static class FileModes
{
    /// <summary>For example <c>600</c>.</summary>
    public static string Of(string path) => OperatingSystem.IsWindows() ? "" : Convert.ToString((int)File.GetUnixFileMode(path), 8);

    /// <summary>Sets the mode.</summary>
    public static void Set(string path, string mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32(mode, 8));
        }
    }
}
