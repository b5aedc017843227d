using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>
/// The order in which the editor saves the values of a node. The list has no names, and versions of the editor differ in what they put between the values,
/// so of the ways to read it that keep the order, the one is taken in which the values suit best.
/// </summary>
internal sealed class WidgetLayout
{
    private const int Missing = 4;
    private const int LeftOver = 2;

    private readonly List<WidgetEntry> _entries;

    /// <summary>A layout of these entries.</summary>
    public WidgetLayout(IEnumerable<WidgetEntry> entries) => _entries = [.. entries];

    /// <summary>The layout of a class of nodes: its inputs with widgets in order, and what the editor adds to them.</summary>
    public static WidgetLayout Of(NodeClass description)
    {
        var entries = new List<WidgetEntry>();
        var uploads = false;
        foreach (var spec in description.Inputs)
        {
            if (uploads && !spec.IsRequired)
            {
                entries.Add(new(WidgetEntry.Role.Button));
                uploads = false;
            }

            entries.AddRange(Of(spec));
            uploads |= spec.IsFile;
        }

        if (uploads)
        {
            entries.Add(new(WidgetEntry.Role.Button));
        }

        return new(entries);
    }

    /// <summary>The entries of one input.</summary>
    /// <param name="spec">The input.</param>
    /// <param name="node">Which node of a group has it.</param>
    /// <param name="name">What the group calls it.</param>
    public static IEnumerable<WidgetEntry> Of(InputSpec spec, int node = 0, string name = "")
    {
        if (spec.IsButton)
        {
            yield return new(WidgetEntry.Role.Button);
        }

        if (!spec.HasWidgetType)
        {
            yield break;
        }

        yield return new(spec.IsSocket ? WidgetEntry.Role.Socket : WidgetEntry.Role.Value, spec, node, name);
        if (spec.HasControl)
        {
            yield return new(WidgetEntry.Role.Control);
            if (spec.Type == "COMBO")
            {
                yield return new(WidgetEntry.Role.Filter);
            }
        }
    }

    /// <summary>Gives each input its value.</summary>
    /// <param name="list">The saved values.</param>
    /// <param name="leftOver">How many values belong to nothing.</param>
    public IReadOnlyList<(WidgetEntry Entry, JsonElement Value)> Assign(JsonElement list, out int leftOver)
    {
        var total = list.GetArrayLength();
        var values = list.EnumerateArray().Take(_entries.Count).ToList();
        var costs = Costs(values, total);
        var assigned = new List<(WidgetEntry Entry, JsonElement Value)>();
        var next = 0;
        for (var i = 0; i < _entries.Count && next < values.Count; i++)
        {
            var entry = _entries[i];
            var taken = entry.Cost(values[next]) + costs[i + 1, next + 1];
            if (entry.IsOptional && entry.SkipCost + costs[i + 1, next] < taken)
            {
                continue;
            }

            if (entry.Kind == WidgetEntry.Role.Value)
            {
                assigned.Add((entry, values[next]));
            }

            next++;
        }

        leftOver = total - next;
        return assigned;
    }

    /// <summary>Least cost of reading the values from one on with the entries from one on.</summary>
    private int[,] Costs(List<JsonElement> values, int total)
    {
        var costs = new int[_entries.Count + 1, values.Count + 1];
        for (var j = 0; j <= values.Count; j++)
        {
            costs[_entries.Count, j] = j < total ? LeftOver : 0;
        }

        for (var i = _entries.Count - 1; i >= 0; i--)
        {
            var entry = _entries[i];
            costs[i, values.Count] = costs[i + 1, values.Count] + (entry.IsOptional ? 0 : Missing);
            for (var j = Math.Min(i, values.Count - 1); j >= 0; j--)
            {
                var taken = Math.Min(WidgetEntry.Never, entry.Cost(values[j])) + costs[i + 1, j + 1];
                var skipped = entry.IsOptional ? entry.SkipCost + costs[i + 1, j] : WidgetEntry.Never;
                costs[i, j] = Math.Min(WidgetEntry.Never, Math.Min(taken, skipped));
            }
        }

        return costs;
    }
}
