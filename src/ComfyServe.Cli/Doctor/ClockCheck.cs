using System.Runtime.InteropServices;

namespace ComfyServe.Cli.Doctor;

/// <summary>Whether the clock is kept right: tickets, leases and signatures expire by time.</summary>
internal static class ClockCheck
{
    private const int StructureSize = 256; // struct timex has 208 bytes
    private const int NotSynchronised = 5; // TIME_ERROR

    public static Finding Run() => Judge(adjtimex(new byte[StructureSize]));

    /// <summary>Judges what the kernel says of its clock.</summary>
    internal static Finding Judge(int state) => state switch
    {
        NotSynchronised => new("clock", FindingLevel.Warning, "nothing keeps this machine's clock right", "start systemd-timesyncd or chrony ('timedatectl set-ntp true'); in a container the host does it"),
        < 0 => new("clock", FindingLevel.NotUsed, "the kernel does not tell about the clock"),
        _ => new("clock", FindingLevel.Ok, "the kernel says that the clock is synchronised"),
    };

    /// <summary>Compares our time with somebody's.</summary>
    public static Finding Compare(string whose, DateTimeOffset theirs, DateTimeOffset ours, TimeSpan tolerance, string why)
    {
        var difference = (theirs - ours).Duration();
        return difference <= tolerance
            ? new("clock", FindingLevel.Ok, $"{whose} has the same time, within {Math.Ceiling(difference.TotalSeconds)} s")
            : new("clock", FindingLevel.Problem, $"{whose} and this machine differ by {difference.TotalSeconds:0} s", $"{why}: set the clock ('timedatectl set-ntp true')");
    }

    [DllImport("libc.so.6")]
    private static extern int adjtimex(byte[] buffer);
}
