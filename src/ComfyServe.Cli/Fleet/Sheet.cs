using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace ComfyServe.Cli.Fleet;

/// <summary>Writes what a gateway answered: JSON for machines, a table for people.</summary>
internal static class Sheet
{
    /// <summary>Writes JSON.</summary>
    public static void Json(JsonNode node) => Console.WriteLine(node.ToJsonString(Output.Json));

    /// <summary>Writes an answer: whole for machines, as a sentence for people.</summary>
    public static void Answer(bool json, JsonNode answer, string? text)
    {
        if (json)
        {
            Json(answer);
        }
        else
        {
            Console.WriteLine(text);
        }
    }

    /// <summary>A table of objects: each column's heading and the member that it shows.</summary>
    public static Table Of(IEnumerable<JsonObject> rows, params (string Heading, string Member)[] columns)
    {
        var table = new Table().Border(TableBorder.None).AddColumns([.. columns.Select(c => c.Heading)]);
        foreach (var row in rows)
        {
            table.AddRow([.. columns.Select(c => Markup.Escape(Text(row[c.Member])))]);
        }

        return table;
    }

    /// <summary>A value for people: numbers with at most three decimals, nothing as a dash.</summary>
    public static string Text(JsonNode? value) => value switch
    {
        null => "-",
        JsonValue number when number.TryGetValue<double>(out var d) => d.ToString("0.###", CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };
}
