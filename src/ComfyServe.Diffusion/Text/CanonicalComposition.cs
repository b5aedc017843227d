using System.Globalization;
using System.Text;

namespace ComfyServe.Diffusion.Text;

/// <summary>Unicode normalization form C.</summary>
/// <remarks>
/// <see cref="string.Normalize()"/> returns its input unchanged when globalization is invariant, as it is here, so the
/// algorithm of Unicode Standard Annex 15 is carried out on a table of the Unicode Character Database.
/// </remarks>
internal static class CanonicalComposition
{
    private const int SyllableBase = 0xAC00;
    private const int LeadBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TrailBase = 0x11A7;
    private const int LeadCount = 19;
    private const int VowelCount = 21;
    private const int TrailCount = 28;
    private const int SyllableCount = LeadCount * VowelCount * TrailCount;
    private static readonly Lazy<Tables> Loaded = new(Load);

    /// <summary>Composes a text: <c>e</c> followed by a combining acute accent becomes <c>é</c>.</summary>
    public static string Compose(string text)
    {
        // Below U+0300 nothing combines and nothing decomposes to something else: the usual case.
        if (!text.AsSpan().ContainsAnyInRange('\u0300', '\uFFFF'))
        {
            return text;
        }

        var tables = Loaded.Value;
        var codes = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, tables, codes);
        }

        Reorder(codes, tables);
        ComposeInPlace(codes, tables);
        var composed = new StringBuilder(text.Length);
        foreach (var code in codes)
        {
            composed.Append(char.ConvertFromUtf32(code));
        }

        return composed.ToString();
    }

    private static void Decompose(int code, Tables tables, List<int> output)
    {
        var syllable = code - SyllableBase;
        if (syllable is >= 0 and < SyllableCount)
        {
            output.Add(LeadBase + (syllable / (VowelCount * TrailCount)));
            output.Add(VowelBase + (syllable / TrailCount % VowelCount));
            if (syllable % TrailCount != 0)
            {
                output.Add(TrailBase + (syllable % TrailCount));
            }

            return;
        }

        if (!tables.Decompositions.TryGetValue(code, out var parts))
        {
            output.Add(code);
            return;
        }

        foreach (var part in parts)
        {
            Decompose(part, tables, output);
        }
    }

    /// <summary>Sorts each run of combining marks by class, keeping the order of equals.</summary>
    private static void Reorder(List<int> codes, Tables tables)
    {
        for (var start = 0; start < codes.Count; start++)
        {
            var end = start;
            while (end < codes.Count && tables.ClassOf(codes[end]) != 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                // Sorting by insertion would take time by the square of the run.
                var sorted = codes.GetRange(start, end - start).OrderBy(tables.ClassOf).ToList();
                for (var i = 0; i < sorted.Count; i++)
                {
                    codes[start + i] = sorted[i];
                }
            }

            start = end;
        }
    }

    private static void ComposeInPlace(List<int> codes, Tables tables)
    {
        var starter = -1;
        var written = 0;
        var last = 0;
        foreach (var code in codes.ToArray())
        {
            var order = tables.ClassOf(code);

            // A mark composes with the last starter unless a mark of the same or a higher class stands between.
            var blocked = written > starter + 1 && (last == 0 || last >= order);
            if (starter >= 0 && !blocked && Combine(codes[starter], code, tables) is { } pair)
            {
                codes[starter] = pair;
                continue;
            }

            if (order == 0)
            {
                starter = written;
            }

            last = order;
            codes[written++] = code;
        }

        codes.RemoveRange(written, codes.Count - written);
    }

    private static int? Combine(int first, int second, Tables tables)
    {
        if (first - LeadBase is >= 0 and < LeadCount && second - VowelBase is >= 0 and < VowelCount)
        {
            return SyllableBase + ((((first - LeadBase) * VowelCount) + second - VowelBase) * TrailCount);
        }

        if (first - SyllableBase is >= 0 and < SyllableCount
            && (first - SyllableBase) % TrailCount == 0
            && second - TrailBase is > 0 and < TrailCount)
        {
            return first + second - TrailBase;
        }

        return tables.Compositions.TryGetValue((first, second), out var pair) ? pair : null;
    }

    /// <summary>Lines: <c>C first last class</c>; <c>D code parts</c> (composes back); <c>X code parts</c> (does not).</summary>
    private static Tables Load()
    {
        var tables = new Tables([], [], []);
        foreach (var line in EmbeddedText.ReadLines("unicode-composition.txt"))
        {
            var fields = line.Split(' ');
            switch (fields[0])
            {
                case "C":
                    for (var code = Hex(fields[1]); code <= Hex(fields[2]); code++)
                    {
                        tables.Classes[code] = byte.Parse(fields[3], CultureInfo.InvariantCulture);
                    }

                    break;
                case "D" or "X":
                    int[] parts = [.. fields.Skip(2).Select(Hex)];
                    tables.Decompositions[Hex(fields[1])] = parts;
                    if (fields[0] == "D")
                    {
                        tables.Compositions[(parts[0], parts[1])] = Hex(fields[1]);
                    }

                    break;
            }
        }

        return tables;
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private sealed record Tables(
        Dictionary<int, byte> Classes,
        Dictionary<int, int[]> Decompositions,
        Dictionary<(int First, int Second), int> Compositions)
    {
        public int ClassOf(int code) => Classes.GetValueOrDefault(code);
    }
}
