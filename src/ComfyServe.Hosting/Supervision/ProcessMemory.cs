using System.Globalization;

namespace ComfyServe.Hosting.Supervision;

/// <summary>What the kernel says of memory.</summary>
internal static class ProcessMemory
{
    /// <summary>Bytes that a process alone takes: without files that are mapped, which the kernel can drop. 0 where it does not tell.</summary>
    public static long Of(int process)
    {
        try
        {
            return File.ReadLines($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/status").Sum(Kibibytes) << 10;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <summary>How many processes of this one's control group the kernel has ended for lack of memory; 0 where it does not tell.</summary>
    public static long Kills()
    {
        try
        {
            // Inside a container the group's own folder is the root; outside of one it is below.
            var own = File.ReadLines("/proc/self/cgroup").FirstOrDefault(static l => l.StartsWith("0::", StringComparison.Ordinal))?[3..].TrimStart('/') ?? "";
            var file = new[] { Path.Combine("/sys/fs/cgroup", own, "memory.events"), "/sys/fs/cgroup/memory.events" }.FirstOrDefault(File.Exists);
            return file is null
                ? 0
                : File.ReadLines(file).Where(static l => l.StartsWith("oom_kill ", StringComparison.Ordinal)).Sum(static l => long.Parse(l["oom_kill ".Length..], CultureInfo.InvariantCulture));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            return 0;
        }
    }

    private static long Kibibytes(string line) =>
        line.StartsWith("RssAnon:", StringComparison.Ordinal) || line.StartsWith("RssShmem:", StringComparison.Ordinal) || line.StartsWith("VmSwap:", StringComparison.Ordinal)
            ? long.Parse(line[(line.IndexOf(':') + 1)..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.Integer, CultureInfo.InvariantCulture)
            : 0;
}
