namespace ComfyServe.Testing;

/// <summary>Numbers and exchanges recorded from a real ComfyUI, from the repository or from folders of the same form.</summary>
public static class RecordedData
{
    /// <summary>True when the slow extras are asked for (<c>COMFYSERVE_TEST_FULL=1</c>).</summary>
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("COMFYSERVE_TEST_FULL") == "1";

    /// <summary>A file of the golden numbers: under <c>COMFYSERVE_GOLDEN</c> where it is set, else <c>tests/data/golden</c>.</summary>
    public static string Golden(params string[] parts) => Find("COMFYSERVE_GOLDEN", "golden", parts);

    /// <summary>A file of the recorded exchanges: under <c>COMFYSERVE_TRACES</c> where it is set, else <c>tests/data/traces</c>.</summary>
    public static string Traces(params string[] parts) => Find("COMFYSERVE_TRACES", "traces", parts);

    /// <summary>Why a comparison cannot run: files or folders of the golden numbers that it needs and that are not there; null where all are.</summary>
    /// <param name="names">Paths below the folder.</param>
    public static string? Missing(params IEnumerable<string> names)
    {
        var absent = names.Where(n => !Path.Exists(Golden(n))).ToList();
        return absent.Count == 0 ? null : $"not among the recorded files in '{Golden()}': {string.Join(", ", absent)}";
    }

    private static string Find(string variable, string folder, string[] parts) =>
        Path.Combine([Environment.GetEnvironmentVariable(variable) ?? RepositoryRoot.Data(folder), .. parts]);
}
