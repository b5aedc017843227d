using System.IO.Enumeration;

namespace ComfyServe.Engine.Folders;

/// <summary>The running numbers of output files. A folder is listed once and again only when somebody else changed it: a listing
/// for each saved image takes longer the more images there are, 2 ms with 8,000. Thread-safe.</summary>
internal sealed class OutputNumbers
{
    private const int MaxFolders = 16;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Known> _folders = new(StringComparer.Ordinal);

    /// <summary>How often a folder was listed.</summary>
    public int Listings { get; private set; }

    /// <summary>The number after the largest of the folder's entries <c>name_NUMBER_…</c>; 1 without any.</summary>
    /// <param name="folder">Full path; it exists.</param>
    /// <param name="name">The name before the number.</param>
    /// <param name="ending">Of the file that is to be written, to see whether it is there.</param>
    public int Next(string folder, string name, string ending)
    {
        lock (_lock)
        {
            var next = Look(folder).GetValueOrDefault(name) + 1;
            if (!File.Exists(Path.Combine(folder, $"{name}_{next:00000}_{ending}")))
            {
                return next;
            }

            // The clock of files has ticks: somebody else wrote in the same one as we did.
            _folders.Remove(folder);
            return Look(folder).GetValueOrDefault(name) + 1;
        }
    }

    /// <summary>Remembers what was written, so that it need not be listed.</summary>
    /// <param name="folder">Full path.</param>
    /// <param name="name">The name before the number.</param>
    /// <param name="number">The largest that was written.</param>
    public void Wrote(string folder, string name, int number)
    {
        lock (_lock)
        {
            if (_folders.TryGetValue(folder, out var known))
            {
                Keep(known.Numbers, name, number);
                _folders[folder] = known with { Changed = Directory.GetLastWriteTimeUtc(folder) };
            }
        }
    }

    private Dictionary<string, int> Look(string folder)
    {
        var changed = Directory.GetLastWriteTimeUtc(folder);
        if (_folders.TryGetValue(folder, out var known) && known.Changed == changed)
        {
            return known.Numbers;
        }

        if (known is null && _folders.Count >= MaxFolders)
        {
            _folders.Clear();
        }

        var numbers = List(folder);
        _folders[folder] = new Known(changed, numbers);
        Listings++;
        return numbers;
    }

    private static Dictionary<string, int> List(string folder)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in new FileSystemEnumerable<string>(folder, static (ref entry) => entry.FileName.ToString()))
        {
            for (var end = entry.IndexOf('_', StringComparison.Ordinal); end >= 0; end = entry.IndexOf('_', end + 1))
            {
                var rest = entry.AsSpan(end + 1);
                var stop = rest.IndexOf('_');
                if (int.TryParse(stop < 0 ? rest : rest[..stop], out var number))
                {
                    Keep(numbers, entry[..end], number);
                }
            }
        }

        return numbers;
    }

    private static void Keep(Dictionary<string, int> numbers, string name, int number) =>
        numbers[name] = Math.Max(number, numbers.GetValueOrDefault(name));

    private sealed record Known(DateTime Changed, Dictionary<string, int> Numbers);
}
