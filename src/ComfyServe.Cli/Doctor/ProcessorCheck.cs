namespace ComfyServe.Cli.Doctor;

/// <summary>What the processor can, how many cores and how much memory there is.</summary>
internal static class ProcessorCheck
{
    /// <summary>Checks this machine.</summary>
    public static IEnumerable<Finding> Run() => Judge(Read("/proc/cpuinfo"), Environment.ProcessorCount, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <summary>Judges what <c>/proc/cpuinfo</c> says.</summary>
    internal static IEnumerable<Finding> Judge(string cpuinfo, int cores, long memory)
    {
        var flags = cpuinfo.Split('\n').FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal))?.Split(' ') ?? [];
        var name = cpuinfo.Split('\n').FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[^1].Trim() ?? "unknown";
        yield return flags.Contains("avx2")
            ? new("processor", FindingLevel.Ok, $"{name}, {cores} cores")
            : new("processor", FindingLevel.Problem, $"{name}, {cores} cores, no AVX2", "libtorch is slow or does not run here: use a processor of 2013 or newer, and give a virtual machine the host's features");
        yield return memory switch
        {
            < 6L << 30 => new("memory", FindingLevel.Problem, $"{Output.Size(memory)} for this process", "Stable Diffusion 1.5 takes up to 5 GB: give it 6 GB or more, or use a smaller checkpoint"),
            < 8L << 30 => new("memory", FindingLevel.Warning, $"{Output.Size(memory)} for this process", "8 GB leave room for larger images"),
            _ => new("memory", FindingLevel.Ok, $"{Output.Size(memory)} for this process"),
        };
    }

    private static string Read(string path) => File.Exists(path) ? File.ReadAllText(path) : "";
}
