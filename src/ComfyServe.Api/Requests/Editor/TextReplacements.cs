using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>
/// What the editor fills in between percent signs in the file names of saving nodes: <c>%date:yyyy-MM-dd%</c> is the time, <c>%Node.widget%</c> the value of
/// another node's widget, by the name that the node has for this or by its title. Everything else stays: the engine knows <c>%width%</c> and the like.
/// </summary>
internal static class TextReplacements
{
    private const string Unsafe = "/?<>\\:*|\"";

    /// <summary>The text with everything filled in.</summary>
    /// <param name="text">The text as it is saved.</param>
    /// <param name="now">The time, in the zone that dates are written in.</param>
    /// <param name="widget">The value of a widget by its node and its own name; undefined where there is none.</param>
    public static string Apply(string text, DateTimeOffset now, Func<string, string, JsonElement> widget)
    {
        var made = new StringBuilder(text.Length);
        var at = 0;
        while (at < text.Length && text.IndexOf('%', at) is var open && open >= 0 && open + 1 < text.Length && text.IndexOf('%', open + 1) is var close && close >= 0)
        {
            if (close == open + 1)
            {
                made.Append(text, at, close - at); // two percent signs: the second may begin something
                at = close;
                continue;
            }

            made.Append(text, at, open - at).Append(Filled(text[(open + 1)..close], now, widget) ?? text[open..(close + 1)]);
            at = close + 1;
        }

        return made.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>A time in the editor's letters: d, M, h, m, s once or twice (hours go to 23), yy and yyyy.</summary>
    public static string Date(string format, DateTimeOffset time)
    {
        var made = new StringBuilder(format.Length);
        for (var i = 0; i < format.Length;)
        {
            var length = 1;
            while (i + length < format.Length && format[i + length] == format[i] && length < (format[i] == 'y' ? 4 : 2))
            {
                length++;
            }

            made.Append(Part(format[i], length, time) ?? format.Substring(i, length));
            i += length;
        }

        return made.ToString();
    }

    private static string? Filled(string name, DateTimeOffset now, Func<string, string, JsonElement> widget)
    {
        if (name.Split('.') is [var node, var input])
        {
            return widget(node, input) is { ValueKind: not JsonValueKind.Undefined } value ? Safe(Shown(value)) : null;
        }

        const string Prefix = "date:";
        var first = name.Split('.')[0];
        return first.StartsWith(Prefix, StringComparison.Ordinal) ? Date(first[Prefix.Length..], now) : null;
    }

    private static string? Part(char letter, int length, DateTimeOffset time) => letter switch
    {
        'y' => length switch
        {
            2 => time.Year.ToString(CultureInfo.InvariantCulture)[2..],
            4 => time.Year.ToString(CultureInfo.InvariantCulture),
            _ => null,
        },
        'd' => Padded(time.Day, length),
        'M' => Padded(time.Month, length),
        'h' => Padded(time.Hour, length),
        'm' => Padded(time.Minute, length),
        's' => Padded(time.Second, length),
        _ => null,
    };

    private static string Padded(int number, int length) => number.ToString(CultureInfo.InvariantCulture).PadLeft(length, '0');

    /// <summary>A value as the editor turns it into a text.</summary>
    private static string Shown(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Null => "",
        JsonValueKind.Array => string.Join(',', value.EnumerateArray().Select(Shown)),
        JsonValueKind.Number when value.GetRawText().AsSpan().IndexOfAny(".eE") >= 0 && value.TryGetDouble(out var number) && double.IsFinite(number) =>
            number == Math.Truncate(number) && Math.Abs(number) < 1e15 ? number.ToString("0", CultureInfo.InvariantCulture) : number.ToString("R", CultureInfo.InvariantCulture),
        _ => value.GetRawText(),
    };

    /// <summary>What no file name may have becomes an underscore.</summary>
    private static string Safe(string text) => string.Create(text.Length, text, static (made, from) =>
    {
        for (var i = 0; i < from.Length; i++)
        {
            made[i] = from[i] < ' ' || from[i] == '\x7f' || Unsafe.Contains(from[i]) ? '_' : from[i];
        }
    });
}
