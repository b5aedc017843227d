using System.Globalization;
using System.Runtime.InteropServices;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>
/// How much memory this process may still take: the least of what its own limit (<c>ulimit -d</c>), its control group and the
/// machine leave, and what the native heap holds and does not use.
/// </summary>
/// <remarks>Linux's files; elsewhere the garbage collector's account of the machine.</remarks>
public sealed class MemoryRoom
{
    private static readonly string[] GroupLimits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    private static readonly string[] GroupUsages = ["/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes"];

    // What was free in the native heap when it was last given back, in bytes.
    private static long _givenBack;

    private readonly long _data;
    private readonly long _group;
    private readonly long _configured;
    private readonly string? _groupUsage;

    /// <summary>Reads the limits.</summary>
    /// <param name="configured">A limit of the process on top of them; null for none.</param>
    public MemoryRoom(long? configured = null)
    {
        _configured = configured ?? long.MaxValue;
        _data = OperatingSystem.IsLinux() ? DataLimit(File.ReadLines("/proc/self/limits")) : long.MaxValue;
        _group = GroupLimits.Select(Number).Min() ?? long.MaxValue;
        _groupUsage = Array.Find(GroupUsages, File.Exists);
        Limit = Math.Min(Math.Min(_configured, _data), Math.Min(_group, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes));
    }

    /// <summary>The memory that the process may take in all.</summary>
    public long Limit { get; }

    /// <summary>Whether the process may have so many bytes of addresses (<c>ulimit -d</c>), used or not.</summary>
    public bool IsLimitOfAddresses => _data != long.MaxValue;

    /// <summary>Bytes that can still be taken; a share of the limit is left for what is not asked for.</summary>
    public long Free => Available() - Math.Clamp(Limit / 16, 64L << 20, 1L << 30);

    /// <summary>Bytes that the managed heap can still take, as far as it has a limit of its own.</summary>
    public static long FreeManaged => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - GC.GetTotalMemory(forceFullCollection: false);

    /// <summary>
    /// Lets the managed heap take half of the memory where the process has a limit that the garbage collector does not know: it
    /// would collect too late, and what then fails to be allocated may be something that the process cannot do without.
    /// </summary>
    public void BoundManagedHeap()
    {
        if (Math.Min(_data, _configured) <= Limit)
        {
            AppContext.SetData("GCHeapHardLimit", (ulong)(Limit / 2));
            GC.RefreshMemoryLimit();
        }
    }

    /// <summary>Gives memory that the native allocator keeps back to the operating system.</summary>
    public static void Trim()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = malloc_trim(0);
            Volatile.Write(ref _givenBack, UnusedHeap());
        }
    }

    /// <summary>The limit of <c>ulimit -d</c> in the text of <c>/proc/self/limits</c>.</summary>
    internal static long DataLimit(IEnumerable<string> lines)
    {
        const string Name = "Max data size";
        var soft = lines.FirstOrDefault(static line => line.StartsWith(Name, StringComparison.Ordinal))?[Name.Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : long.MaxValue;
    }

    private long Available()
    {
        if (!OperatingSystem.IsLinux())
        {
            var memory = GC.GetGCMemoryInfo();
            return Math.Min(_configured, memory.TotalAvailableMemoryBytes) - memory.MemoryLoadBytes;
        }

        // Free parts of the heap that were given back are addresses without memory.
        var resident = Math.Max(0, UnusedHeap() - Volatile.Read(ref _givenBack));
        var room = Field("/proc/meminfo", "MemAvailable:") ?? long.MaxValue;
        if (_configured != long.MaxValue)
        {
            room = Math.Min(room, _configured - (Field("/proc/self/status", "VmRSS:") ?? 0));
        }

        if (_group != long.MaxValue && _groupUsage is not null)
        {
            // Pages of files are given up before anything is refused.
            var pages = Field("/sys/fs/cgroup/memory.stat", "inactive_file", unit: 1) ?? 0;
            room = Math.Min(room, _group - (Number(_groupUsage) ?? 0) + pages);
        }

        room += room == long.MaxValue ? 0 : resident;
        return IsLimitOfAddresses ? Math.Min(room, _data - (Field("/proc/self/status", "VmData:") ?? 0)) : room;
    }

    /// <summary>What the native heap keeps: it is tuned to give nothing back (see <see cref="TorchRuntime"/>).</summary>
    private static long UnusedHeap()
    {
        try
        {
            return (long)mallinfo2().FreeBytes;
        }
        catch (EntryPointNotFoundException)
        {
            // A libc older than 2.33, or another one.
            return 0;
        }
    }

    private static long? Field(string file, string name, long unit = 1024)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        foreach (var line in File.ReadLines(file))
        {
            if (line.StartsWith(name, StringComparison.Ordinal) && line.AsSpan(name.Length).TrimStart() is var rest)
            {
                var end = rest.IndexOf(' ');
                return long.Parse(end < 0 ? rest : rest[..end], NumberStyles.None, CultureInfo.InvariantCulture) * unit;
            }
        }

        return null;
    }

    private static long? Number(string file) =>
        File.Exists(file) && long.TryParse(File.ReadAllText(file).AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : null;

    [DllImport("libc", ExactSpelling = true)]
    private static extern Heap mallinfo2();

    [DllImport("libc", ExactSpelling = true)]
    private static extern int malloc_trim(nuint pad);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Heap
    {
        // The names of glibc: arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost.
        private readonly nuint _arena, _freeChunks, _fastChunks, _mapped, _mappedBytes, _most, _fastBytes, _used;

        public readonly nuint FreeBytes;

        private readonly nuint _top;
    }
}
