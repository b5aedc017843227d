using System.Reflection;

namespace ComfyServe.Hosting.Supervision;

/// <summary>How this program is started again.</summary>
public static class OwnProgram
{
    /// <summary>The program, and before its own arguments the file that <c>dotnet</c> runs where it runs there.</summary>
    public static IReadOnlyList<string> Command { get; } = Find();

    private static IReadOnlyList<string> Find()
    {
        var program = Environment.ProcessPath ?? throw new PlatformNotSupportedException("the system does not tell which program runs");
        return Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, Assembly.GetEntryAssembly()!.Location] : [program];
    }
}
