using System.Text.Json.Nodes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>
/// Makes workflows as somebody would who wants to hold or end an engine: growth, recursion, regular expressions, sizes, shapes
/// of graphs, links of any type, odd literals. The same chance makes the same workflows.
/// </summary>
/// <param name="catalogue">The engine's <c>/object_info</c>.</param>
/// <param name="chance">Decides everything.</param>
/// <param name="ease">By how many powers of two sizes are smaller.</param>
internal sealed class HostileWorkflows(JsonObject catalogue, Random chance, int ease = 0)
{
    private static readonly string[] Models = ["MODEL", "CLIP", "VAE", "CONTROL_NET", "CONDITIONING", "GUIDER", "NOISE", "SAMPLER"];

    private static readonly string[] Atoms =
        ["a", "b", ".", "(a)", "(a|aa)", "(a+)+", "(?:a|b)*", "[^b]", @"\w+", @"(.*)*", "(?=a)", "(?<!b)", @"\1", "(a?){30}", "{3}", "$", "^", @"\b", "(", "[", "é", "(?i)", "(?P<n>a)", "(?P=n)"];

    private readonly List<KeyValuePair<string, JsonNode?>> _classes = [.. catalogue.Where(c => !Takes(c.Value!, Models))];

    /// <summary>The next one, with what it is about.</summary>
    public (string Kind, JsonObject Graph) Next() => chance.Next(14) switch
    {
        0 => ("doubling text", DoublingText()),
        1 => ("replaced text", ReplacedText()),
        2 or 3 => ("regular expression", RegularExpression()),
        4 => ("growing images", GrowingImages()),
        5 => ("growing latents", GrowingLatents()),
        6 => ("multiplying lists", Lists()),
        7 => ("shape of the graph", Shape()),
        8 => ("cycle", Cycle()),
        9 => ("shown text", ShownText()),
        10 => ("slow filter", SlowFilter()),
        _ => ("anything", Anything()),
    };

    private JsonObject DoublingText()
    {
        var graph = new JsonObject { ["0"] = Node("PrimitiveStringMultiline", ("value", Text(Power(4, 18)))) };
        var count = chance.Next(1, 40);
        for (var i = 1; i <= count; i++)
        {
            graph[$"{i}"] = Node("StringConcatenate", ("string_a", Link(i - 1)), ("string_b", Link(i - 1)), ("delimiter", ""));
        }

        return Show(graph, count);
    }

    private JsonObject ReplacedText()
    {
        var (text, find) = (Text(Power(1, 18)), chance.Next(4) == 0 ? "" : Text(Power(0, 12)));
        return Show(new() { ["0"] = Node("StringReplace", ("string", text), ("find", find), ("replace", Text(Power(0, 16)))) }, 0);
    }

    private JsonObject RegularExpression()
    {
        var pattern = string.Concat(Enumerable.Range(0, chance.Next(1, 8)).Select(_ => Pick(Atoms) + Pick(["", "", "*", "+", "?", "{2,9}"])));
        pattern = chance.Next(8) == 0 ? new string('(', chance.Next(1, 20_000)) + pattern : chance.Next(8) == 0 ? string.Concat(Enumerable.Repeat(pattern, 200)) : pattern;
        var text = chance.Next(2) == 0 ? Text(Power(1, 16)) : string.Concat(Enumerable.Repeat(new string('a', 24) + "!", chance.Next(1, 60)));
        var (ignoreCase, multiline, all) = (chance.Next(2) == 0, chance.Next(2) == 0, chance.Next(2) == 0);
        var node = chance.Next(3) switch
        {
            0 => Node("RegexMatch", ("string", text), ("regex_pattern", pattern), ("case_insensitive", ignoreCase), ("multiline", multiline), ("dotall", all)),
            1 => Node(
                "RegexExtract", ("string", text), ("regex_pattern", pattern), ("mode", Pick(["First Match", "All Matches", "First Group", "All Groups"])),
                ("case_insensitive", ignoreCase), ("multiline", multiline), ("dotall", all), ("group_index", chance.Next(0, 4))),
            _ => Node("RegexReplace", ("string", text), ("regex_pattern", pattern), ("replace", string.Concat(Enumerable.Repeat(Pick([@"\g<0>", @"\1", "b", @"\n"]), chance.Next(1, 2000))))),
        };
        return Show(new() { ["0"] = node }, 0);
    }

    private JsonObject GrowingImages()
    {
        var graph = new JsonObject { ["0"] = Node("EmptyImage", ("width", Side()), ("height", Side()), ("batch_size", Power(0, 6)), ("color", 7)) };
        var count = chance.Next(1, 6);
        for (var i = 1; i <= count; i++)
        {
            var image = ("image", (JsonNode)Link(i - 1));
            graph[$"{i}"] = chance.Next(6) switch
            {
                0 => Node("RepeatImageBatch", image, ("amount", Power(0, 12))),
                1 => Node("ImageScaleBy", image, ("upscale_method", Pick(["nearest-exact", "bilinear", "area", "bicubic", "lanczos"])), ("scale_by", chance.NextDouble() * 8)),
                2 => Node("ImagePadForOutpaint", image, ("left", Side()), ("top", Side()), ("right", 0), ("bottom", 8), ("feathering", 40)),
                3 => Node("ImageBatch", ("image1", Link(i - 1)), ("image2", Link(chance.Next(i)))),
                4 => Node(
                    "ImageStitch", ("image1", Link(i - 1)), ("image2", Link(chance.Next(i))), ("direction", Pick(["right", "down", "left", "up"])), ("match_image_size", true),
                    ("spacing_width", 1024), ("spacing_color", "red")),
                _ => Node("ImageScale", image, ("upscale_method", Pick(["nearest-exact", "lanczos"])), ("width", Side()), ("height", Side()), ("crop", Pick(["disabled", "center"]))),
            };
            if (graph[$"{i}"]!["class_type"]!.GetValue<string>() == "ImagePadForOutpaint" && chance.Next(2) == 0)
            {
                graph[$"m{i}"] = Node("PreviewAny", ("source", new JsonArray($"{i}", 1)));
            }
        }

        graph["show"] = chance.Next(3) == 0 ? Node("PreviewImage", ("images", Link(count))) : Node("PreviewAny", ("source", Link(count)));
        return graph;
    }

    private JsonObject GrowingLatents()
    {
        var graph = new JsonObject { ["0"] = Node("EmptyLatentImage", ("width", Math.Max(16, Side())), ("height", Math.Max(16, Side())), ("batch_size", Power(0, 8))) };
        var count = chance.Next(1, 6);
        for (var i = 1; i <= count; i++)
        {
            graph[$"{i}"] = chance.Next(4) switch
            {
                0 => Node("RepeatLatentBatch", ("samples", Link(i - 1)), ("amount", chance.Next(1, 65))),
                1 => Node("LatentUpscaleBy", ("samples", Link(i - 1)), ("upscale_method", Pick(["bilinear", "bislerp", "bicubic"])), ("scale_by", chance.NextDouble() * 8)),
                2 => Node("LatentAdd", ("samples1", Link(i - 1)), ("samples2", Link(chance.Next(i)))),
                _ => Node("LatentBatch", ("samples1", Link(i - 1)), ("samples2", Link(chance.Next(i)))),
            };
        }

        return Show(graph, count);
    }

    private JsonObject Lists()
    {
        var graph = new JsonObject();
        if (chance.Next(2) == 0)
        {
            graph["0"] = Node("KarrasScheduler", ("steps", chance.Next(1, 10_000)), ("sigma_max", 14.0), ("sigma_min", 0.03), ("rho", 7.0));
            for (var i = 1; i < 5; i++)
            {
                graph[$"{i}"] = Node("ExtendIntermediateSigmas", ("sigmas", Link(i - 1)), ("steps", chance.Next(1, 101)), ("start_at_sigma", -1.0), ("end_at_sigma", 0.0), ("spacing", "linear"));
            }

            return Show(graph, 4);
        }

        graph["0"] = Node("EmptyImage", ("width", 1), ("height", 1), ("batch_size", chance.Next(1, 4097)), ("color", 0));
        graph["1"] = Node("RebatchImages", ("images", Link(0)), ("batch_size", 1));
        graph["2"] = Node(Pick(["ImageInvert", "MaskToImage", "GetImageSize"]), ("image", Link(1)), ("mask", Link(1)));
        return Show(graph, 2);
    }

    private JsonObject Shape()
    {
        var (count, shape) = (Power(1, 12), chance.Next(5));
        var graph = new JsonObject { ["0"] = Node("PrimitiveString", ("value", "")) };
        for (var i = 1; i <= count; i++)
        {
            graph[$"{i}"] = shape switch
            {
                0 => Node("PrimitiveString", ("value", Link(i - 1))),
                1 => Node("PreviewAny", ("source", Link(0))),
                2 => Node("StringConcatenate", ("string_a", Link(i - 1)), ("string_b", Link(i / 2)), ("delimiter", "")),
                3 => Node("PreviewAny"),
                _ => Node("PreviewAny", ("source", i)),
            };
        }

        return Show(graph, count);
    }

    private JsonObject Cycle()
    {
        var count = chance.Next(1, 200);
        var graph = new JsonObject(Enumerable.Range(0, count).Select(i => KeyValuePair.Create($"{i}", (JsonNode?)Node("PrimitiveInt", ("value", Link((i + 1) % count))))));
        return Show(graph, chance.Next(count));
    }

    private JsonObject ShownText()
    {
        var graph = new JsonObject { ["0"] = Node("PrimitiveStringMultiline", ("value", new string(Pick(["中", "a", "\"", "\u0001"])[0], Power(10, 19)))) };
        var doublings = chance.Next(0, 5);
        for (var i = 1; i <= doublings; i++)
        {
            graph[$"{i}"] = Node("StringConcatenate", ("string_a", Link(i - 1)), ("string_b", Link(i - 1)), ("delimiter", ""));
        }

        for (var i = 0; i < chance.Next(1, 12); i++)
        {
            graph[$"t{i}"] = Node("StringConcatenate", ("string_a", Link(doublings)), ("string_b", $"{i}"), ("delimiter", ""));
            graph[$"p{i}"] = Node("PreviewAny", ("source", new JsonArray($"t{i}", 0)));
        }

        return graph;
    }

    private JsonObject SlowFilter()
    {
        var (width, height) = (Power(3, 11), Power(3, 11));
        var graph = new JsonObject { ["0"] = Node("EmptyImage", ("width", width), ("height", height), ("batch_size", chance.Next(1, 4)), ("color", 0x808080)) };
        graph["1"] = chance.Next(5) switch
        {
            0 => Node("Morphology", ("image", Link(0)), ("operation", Pick(["open", "gradient"])), ("kernel_size", chance.Next(3, 1000))),
            1 => Node("ImageBlur", ("image", Link(0)), ("blur_radius", chance.Next(1, 32)), ("sigma", 3.0)),
            2 => Node("ImageSharpen", ("image", Link(0)), ("sharpen_radius", 31), ("sigma", 3.0), ("alpha", 1.0)),
            3 => Node("Canny", ("image", Link(0)), ("low_threshold", 0.01), ("high_threshold", 0.99)),
            _ => Node("ImageAddNoise", ("image", Link(0)), ("seed", 3), ("strength", 0.5)),
        };
        graph["2"] = Node("ImageToMask", ("image", Link(1)), ("channel", "red"));
        graph["3"] = Node("GrowMask", ("mask", Link(2)), ("expand", (chance.Next(2) == 0 ? -1 : 1) * Power(0, 15)), ("tapered_corners", chance.Next(2) == 0));
        return Show(graph, 3);
    }

    /// <summary>Nodes of the catalogue with links of fitting and other types, and literals at and beyond their ends.</summary>
    private JsonObject Anything()
    {
        var (graph, outputs) = (new JsonObject(), new List<(string Type, JsonArray Link)>());
        var count = chance.Next(1, 25);
        for (var i = 0; i < count; i++)
        {
            var (name, entry) = _classes[chance.Next(_classes.Count)];
            var inputs = new JsonObject();
            foreach (var (input, config) in Inputs(entry!))
            {
                if (chance.Next(20) != 0)
                {
                    inputs[input] = Value(config, outputs);
                }
            }

            graph[$"{i}"] = new JsonObject { ["class_type"] = name, ["inputs"] = inputs };
            outputs.AddRange(entry!["output"]!.AsArray().Select((type, slot) => (type!.ToString(), new JsonArray($"{i}", slot))));
            graph[$"p{i}"] = Node("PreviewAny", ("source", Link(i)));
        }

        return graph;
    }

    private JsonNode? Value(JsonNode? config, List<(string Type, JsonArray Link)> outputs)
    {
        var type = config is JsonArray { Count: > 0 } list ? list[0] : null;
        var options = config is JsonArray { Count: > 1 } more ? more[1] as JsonObject : null;
        var fitting = outputs.Where(o => o.Type == type?.ToString() || chance.Next(50) == 0).ToList();
        if (fitting.Count > 0 && chance.Next(4) != 0)
        {
            return fitting[chance.Next(fitting.Count)].Link.DeepClone();
        }

        if (chance.Next(12) == 0)
        {
            return Odd();
        }

        return type switch
        {
            JsonArray { Count: > 0 } choices => choices[chance.Next(choices.Count)]?.DeepClone(),
            _ => type?.ToString() switch
            {
                "INT" or "FLOAT" => Number(options),
                "BOOLEAN" => chance.Next(2) == 0,
                "STRING" => Text(Power(0, 10)),
                "COMBO" => options?["options"] is JsonArray { Count: > 0 } names ? names[chance.Next(names.Count)]?.DeepClone() : null,
                _ => Odd(),
            },
        };
    }

    private JsonNode? Number(JsonObject? options) => chance.Next(4) switch
    {
        0 => options?["min"]?.DeepClone(),
        1 => options?["max"]?.DeepClone(),
        2 => options?["default"]?.DeepClone(),
        _ => JsonValue.Create(Power(0, 10)),
    };

    private JsonNode? Odd() => chance.Next(9) switch
    {
        0 => null,
        1 => JsonNode.Parse("1e308"),
        2 => JsonNode.Parse(new string('9', chance.Next(1, 5000))),
        3 => new JsonArray($"{chance.Next(30)}", chance.Next(-3, 5)),
        4 => new JsonArray("0", "0"),
        5 => JsonNode.Parse(string.Concat(Enumerable.Repeat("[", 60)) + string.Concat(Enumerable.Repeat("]", 60))),
        6 => new JsonObject { ["__value__"] = new JsonArray("0", 0) },
        7 => "\0é\u2028%width%../",
        _ => JsonValue.Create(-1),
    };

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Inputs(JsonNode entry) =>
        ((string[])["required", "optional"]).SelectMany(kind => entry["input"]?[kind] as JsonObject ?? []);

    private static bool Takes(JsonNode entry, string[] types) => Inputs(entry).Any(i => i.Value is JsonArray { Count: > 0 } config && types.Contains(config[0]?.ToString(), StringComparer.Ordinal));

    private string Text(int length) => chance.Next(3) switch
    {
        0 => new string('a', length),
        1 => new string('中', length),
        _ => string.Create(length, chance, static (span, random) =>
        {
            foreach (ref var unit in span)
            {
                unit = (char)random.Next('a', 'e');
            }
        }),
    };

    /// <summary>A power of two from the first exponent up to below the second, or below less where it is to be quick.</summary>
    private int Power(int least, int below) => 1 << chance.Next(least, Math.Max(least + 1, below - ease));

    private int Side() => chance.Next(8) == 0 ? 16384 : Power(0, 12);

    private string Pick(string[] values) => values[chance.Next(values.Length)];

    private static JsonObject Show(JsonObject graph, int last)
    {
        graph["show"] = Node("PreviewAny", ("source", Link(last)));
        return graph;
    }

    private static JsonArray Link(int node) => new($"{node}", 0);

    private static JsonObject Node(string type, params (string Name, JsonNode Value)[] inputs) => new()
    {
        ["class_type"] = type,
        ["inputs"] = new JsonObject(inputs.Select(i => KeyValuePair.Create(i.Name, (JsonNode?)i.Value))),
    };
}
