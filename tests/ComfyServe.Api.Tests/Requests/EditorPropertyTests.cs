using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Api.Requests.Editor;
using ComfyServe.Testing;
using CsCheck;

namespace ComfyServe.Api.Tests.Requests;

/// <summary>Generated classes of nodes, saved as versions of the editor save them: every value lands on its widget.</summary>
public sealed class EditorPropertyTests
{
    private static readonly int Size = RecordedData.IsFull ? 20_000 : 300;

    private static readonly Gen<Field> Fields = Gen.Select(Gen.Int[0, 6], Gen.Int[0, 1_000_000], Gen.Bool, Gen.Bool, Gen.Bool, static (kind, number, control, required, converted) => kind switch
    {
        0 => new Field("INT", JsonValue.Create(number), control, required, converted),
        1 => new Field("FLOAT", JsonValue.Create(number / 64.0), false, required, converted),
        2 => new Field("STRING", JsonValue.Create($"text {number}"), false, required, converted),
        3 => new Field("BOOLEAN", JsonValue.Create(number % 2 == 0), false, required, converted),
        4 => new Field("COMBO", JsonValue.Create($"choice {number % 5}"), control, required, converted),
        5 => new Field("COMBO*", new JsonArray($"choice {number % 5}", "choice 0"), false, required, converted),
        _ => new Field("MODEL", null, false, required, false),
    });

    private static readonly Gen<Field[]> Classes = Fields.Array[1, 8].Select(static fields => fields.OrderByDescending(static f => f.Required).ToArray());

    /// <summary>How the seed's companion is written: a word, as old editors wrote it, or not at all.</summary>
    private enum Controls
    {
        Word,
        Boolean,
        Absent,
    }

    [Fact]
    public void Convert_GeneratedNode_EveryValueLandsOnItsWidget() =>
        Gen.Select(Classes, Gen.Enum<Controls>(), Gen.Int[0, 3], Gen.Bool).Sample(
            static (fields, controls, leftOver, isMap) =>
            {
                var node = Node(fields, 1, controls, leftOver, isMap);
                if (controls == Controls.Absent && fields.Any(static f => f.HasControl && f.Type == "COMBO"))
                {
                    return; // A text after a list of choices could be either: nothing tells them apart.
                }

                var graph = Convert(fields, new JsonObject { ["version"] = 0.4, ["links"] = new JsonArray(), ["nodes"] = new JsonArray(node) });

                AssertValues(fields, graph["1"]!["inputs"]!);
            },
            iter: Size);

    [Fact]
    public void Convert_GeneratedModes_OnlyWhatRunsIsThereAndWiresLeadThere() =>
        Gen.Select(Gen.OneOf(0, 0, 2, 4).Array[2, 8], Gen.Bool.Array[8]).Sample(
            static (modes, reroutes) =>
            {
                // A chain of nodes that each pass an image on, with reroutes between them.
                var nodes = new JsonArray();
                var links = new JsonArray();
                var from = 0;
                for (var i = 1; i <= modes.Length; i++)
                {
                    if (i > 1 && reroutes[i - 2])
                    {
                        nodes.Add(JsonNode.Parse($$"""{"id": {{100 + i}}, "type": "Reroute", "mode": {{modes[i - 2]}}, "inputs": [{"name": "", "type": "*", "link": {{100 + i}} }], "outputs": [{"type": "IMAGE"}]}"""));
                        links.Add(JsonNode.Parse($"[{100 + i}, {from}, 0, {100 + i}, 0, \"IMAGE\"]"));
                        from = 100 + i;
                    }

                    nodes.Add(JsonNode.Parse($$"""{"id": {{i}}, "type": "ImageInvert", "mode": {{modes[i - 1]}}, "inputs": [{"name": "image", "type": "IMAGE", "link": {{(i > 1 ? i.ToString() : "null")}} }], "outputs": [{"type": "IMAGE"}]}"""));
                    links.Add(JsonNode.Parse($"[{i}, {from}, 0, {i}, 0, \"IMAGE\"]"));
                    from = i;
                }

                using var document = JsonDocument.Parse(new JsonObject { ["version"] = 0.4, ["links"] = links, ["nodes"] = nodes }.ToJsonString());
                var graph = JsonNode.Parse(EditorConversion.Convert(document.RootElement, RecordedCatalogue.Nodes, new Random(1), default).Json.Span)!.AsObject();

                for (var i = 1; i <= modes.Length; i++)
                {
                    Assert.Equal(modes[i - 1] == 0, graph.ContainsKey($"{i}"));
                    var source = i - 1;
                    while (source > 0 && modes[source - 1] == 4)
                    {
                        source--;
                    }

                    var expected = source > 0 && modes[source - 1] == 0 ? $"[\"{source}\",0]" : null;
                    Assert.Equal(modes[i - 1] == 0 ? expected : null, graph[$"{i}"]?["inputs"]!["image"]?.ToJsonString());
                }
            },
            iter: Size);

    [Fact]
    public void Convert_GeneratedSubgraph_ValuesOfTheInstanceComeFirst() =>
        Gen.Select(Classes, Classes, Gen.Bool, Gen.Bool).Sample(
            static (inner, outer, asProxies, hasControls) =>
            {
                // The instance gives other values to every second widget of the node inside.
                var given = inner.Select((f, i) => f with { Value = i % 2 == 0 && f.Type == outer[i % outer.Length].Type ? outer[i % outer.Length].Value : f.Value }).ToArray();
                var shown = given.Index().Where(static f => f.Index % 2 == 0 && f.Item.Type != "MODEL").ToList();
                var definition = new JsonObject
                {
                    ["id"] = "sub",
                    ["inputs"] = new JsonArray([.. shown.Select(static (f, slot) => new JsonObject { ["name"] = $"in{slot}", ["type"] = f.Item.Type })]),
                    ["nodes"] = new JsonArray(Node([.. inner.Select((f, i) => f with { Converted = !asProxies && i % 2 == 0 })], 7, Controls.Word, 0, isMap: false, [.. shown.Select(static f => f.Index)], asProxies)),
                    ["links"] = asProxies ? new JsonArray() : new JsonArray([.. shown.Select(static (_, slot) => new JsonObject { ["id"] = slot + 1, ["origin_id"] = -10, ["origin_slot"] = slot, ["target_id"] = 7, ["target_slot"] = slot })]),
                };
                var values = new JsonArray();
                foreach (var (_, field) in shown)
                {
                    values.Add(field.Value?.DeepClone());
                    if (hasControls && !asProxies && field.HasControl)
                    {
                        values.Add("fixed");
                    }
                }

                var instance = new JsonObject { ["id"] = 5, ["type"] = "sub", ["widgets_values"] = values };
                if (asProxies)
                {
                    instance["properties"] = new JsonObject { ["proxyWidgets"] = new JsonArray([.. shown.Select(static f => new JsonArray("7", Name(f.Index)))]) };
                }

                var graph = Convert(inner, new JsonObject { ["version"] = 0.4, ["links"] = new JsonArray(), ["nodes"] = new JsonArray(instance), ["definitions"] = new JsonObject { ["subgraphs"] = new JsonArray(definition) } });

                AssertValues(given, graph["5:7"]!["inputs"]!);
            },
            iter: Size);

    [Fact]
    public void Convert_GeneratedGroup_EveryValueLandsOnItsWidget() =>
        Gen.Select(Classes, Gen.Int[1, 3]).Sample(
            static (fields, count) =>
            {
                // The same class several times in one group: names come twice. What was turned into a socket comes last.
                var plain = fields.Select(static f => f with { Converted = f.Converted && f.Type != "MODEL" }).ToArray();
                var values = new JsonArray();
                foreach (var last in (bool[])[false, true])
                {
                    for (var n = 0; n < count; n++)
                    {
                        foreach (var (i, field) in plain.Index().Where(f => f.Item.Type != "MODEL" && f.Item.Converted == last))
                        {
                            values.Add(Other(field, n).Value!.DeepClone());
                            AddControl(values, field, Controls.Word);
                        }
                    }
                }

                var inner = Enumerable.Range(0, count).Select(n => (JsonNode?)Node(plain, n, Controls.Word, 0, isMap: false)).ToArray();
                var graph = Convert(fields, new JsonObject
                {
                    ["version"] = 0.4,
                    ["links"] = new JsonArray(),
                    ["nodes"] = new JsonArray(new JsonObject { ["id"] = 3, ["type"] = "workflow>g", ["widgets_values"] = values }),
                    ["extra"] = new JsonObject { ["groupNodes"] = new JsonObject { ["g"] = new JsonObject { ["nodes"] = new JsonArray(inner), ["links"] = new JsonArray(), ["external"] = new JsonArray() } } },
                });

                for (var n = 0; n < count; n++)
                {
                    AssertValues([.. plain.Select(f => f.Type == "MODEL" ? f : Other(f, n))], graph[$"3:{n}"]!["inputs"]!);
                }
            },
            iter: Size);

    private static Field Other(Field field, int number) => field with
    {
        Value = field.Type switch
        {
            "INT" => JsonValue.Create((int)field.Value! + number),
            "FLOAT" => JsonValue.Create((double)field.Value! + number),
            "STRING" => JsonValue.Create($"{field.Value} {number}"),
            "BOOLEAN" => JsonValue.Create((bool)field.Value! ^ (number % 2 == 1)),
            "COMBO" => JsonValue.Create($"choice {number}"),
            _ => field.Value,
        },
    };

    private static string Name(int index) => $"f{index}";

    private static JsonObject Node(Field[] fields, int id, Controls controls, int leftOver, bool isMap, int[]? linked = null, bool unlinked = false)
    {
        var list = new JsonArray();
        var map = new JsonObject();
        foreach (var (i, field) in fields.Index().Where(static f => f.Item.Type != "MODEL"))
        {
            map[Name(i)] = field.Value?.DeepClone();
            list.Add(field.Value?.DeepClone());
            AddControl(list, field, controls);
        }

        for (var i = 0; i < leftOver; i++)
        {
            list.Add(new JsonArray(false, true));
        }

        var sockets = fields.Index().Where(f => f.Item.Converted || f.Item.Type == "MODEL").OrderBy(static f => f.Item.Type != "MODEL").Select(f => (JsonNode?)new JsonObject
        {
            ["name"] = Name(f.Index),
            ["type"] = f.Item.Type.TrimEnd('*'),
            ["link"] = !unlinked && linked is not null && Array.IndexOf(linked, f.Index) is var place and >= 0 ? place + 1 : null,
            ["widget"] = f.Item.Type == "MODEL" ? null : new JsonObject { ["name"] = Name(f.Index) },
        });
        return new() { ["id"] = id, ["type"] = "Made", ["inputs"] = new JsonArray([.. sockets]), ["outputs"] = new JsonArray(), ["widgets_values"] = isMap ? map : list };
    }

    private static void AddControl(JsonArray list, Field field, Controls controls)
    {
        if (!field.HasControl || controls == Controls.Absent)
        {
            return;
        }

        list.Add(controls == Controls.Boolean ? true : "randomize");
        if (field.Type == "COMBO")
        {
            list.Add("");
        }
    }

    private static JsonObject Convert(Field[] fields, JsonObject workflow)
    {
        var groups = new JsonObject { ["required"] = new JsonObject(), ["optional"] = new JsonObject() };
        foreach (var (i, field) in fields.Index())
        {
            groups[field.Required ? "required" : "optional"]![Name(i)] = field.Describe();
        }

        var catalogue = NodeCatalogue.Read(JsonElement.Parse(new JsonObject { ["Made"] = new JsonObject { ["input"] = groups, ["output"] = new JsonArray("X"), ["output_node"] = true } }.ToJsonString()));
        using var document = JsonDocument.Parse(workflow.ToJsonString());
        var converted = EditorConversion.Convert(document.RootElement, catalogue, new Random(1), default);
        Assert.Empty(converted.Problems);
        return JsonNode.Parse(converted.Json.Span)!.AsObject();
    }

    private static void AssertValues(Field[] fields, JsonNode inputs)
    {
        foreach (var (i, field) in fields.Index().Where(static f => f.Item.Type != "MODEL"))
        {
            var expected = field.Value is JsonArray list ? new JsonObject { ["__value__"] = list.DeepClone() } : field.Value;
            Assert.Equal(expected?.ToJsonString(), inputs[Name(i)]?.ToJsonString());
        }
    }

    /// <summary>An input of a generated class, with the value that a file has for it.</summary>
    private sealed record Field(string Type, JsonNode? Value, bool HasControl, bool Required, bool Converted)
    {
        private static readonly JsonArray Choices = new([.. Enumerable.Range(0, 5).Select(static n => (JsonNode?)$"choice {n}")]);

        public JsonArray Describe()
        {
            var options = new JsonObject();
            if (HasControl)
            {
                options["control_after_generate"] = true;
            }

            if (Type.StartsWith("COMBO", StringComparison.Ordinal))
            {
                options["options"] = Choices.DeepClone();
                options["multiselect"] = Type == "COMBO*";
            }

            return [Type.TrimEnd('*'), options];
        }
    }
}
