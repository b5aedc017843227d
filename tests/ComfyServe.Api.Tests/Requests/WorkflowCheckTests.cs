using System.Globalization;
using System.Text;
using ComfyServe.Api.Requests.Checks;
using CsCheck;

namespace ComfyServe.Api.Tests.Requests;

/// <summary>Against the node catalogue that a real ComfyUI gave.</summary>
public sealed class WorkflowCheckTests
{
    private const string TextToImage = """
        {"3": {"class_type": "KSampler", "inputs": {"seed": "__RANDOM_INT__", "steps": 20, "cfg": 8, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
               "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}},
         "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "v1-5-pruned-emaonly-fp16.safetensors"}},
         "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512, "batch_size": 1}},
         "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a", "clip": ["4", 1]}},
         "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "b", "clip": ["4", 1]}},
         "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
         "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}}}
        """;

    [Fact]
    public void Run_SeedPagesWorkflow_IsFine() => Assert.Empty(Run(TextToImage));

    [Fact]
    public void Run_FileInputsWithUrls_AreFine() =>
        Assert.Empty(Run("""{"1": {"class_type": "LoadImage", "inputs": {"image": "https://example.com/x.png"}}, "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["1", 0]}}}"""));

    [Fact]
    public void Run_SeveralMistakes_AreAllNamedWithTheChoices()
    {
        var problems = Run(TextToImage
            .Replace("\"steps\": 20", "\"steps\": 0", StringComparison.Ordinal)
            .Replace("\"cfg\": 8", "\"cfg\": \"much\"", StringComparison.Ordinal)
            .Replace("\"euler\"", "\"eulr\"", StringComparison.Ordinal)
            .Replace("\"width\": 512, ", "", StringComparison.Ordinal)
            .Replace("\"a\", \"clip\": [\"4\"", "\"a\", \"clip\": [\"44\"", StringComparison.Ordinal)
            .Replace("[\"4\", 2]", "[\"4\", 3]", StringComparison.Ordinal)
            .Replace("v1-5-pruned-emaonly-fp16", "missing", StringComparison.Ordinal));

        Assert.Equal(
            [
                "3.inputs.cfg invalid_input_type", "3.inputs.sampler_name value_not_in_list", "3.inputs.steps value_smaller_than_min", "4.inputs.ckpt_name value_not_in_list",
                "5.inputs.width required_input_missing", "6.inputs.clip bad_link", "8.inputs.vae bad_link",
            ],
            problems.Select(p => $"{string.Join('.', p.Location.Skip(3))} {p.Type}").Order());
        Assert.Contains("euler, euler_cfg_pp", problems.Single(p => p.Location[^1] is "sampler_name").Message, StringComparison.Ordinal);
        Assert.Contains("v1-5-pruned-emaonly-fp16.safetensors", problems.Single(p => p.Location[^1] is "ckpt_name").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_UnknownNode_NamesASimilarOne()
    {
        var problem = Assert.Single(Run("""{"1": {"class_type": "ksampler", "inputs": {}}}"""));

        Assert.Equal("unknown_node", problem.Type);
        Assert.Contains("there is KSampler", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_NoOutput_IsSaid() => Assert.Equal("no_outputs", Assert.Single(Run("""{"1": {"class_type": "EmptyImage", "inputs": {"width": 1, "height": 1, "batch_size": 1, "color": 0}}}""")).Type);

    [Fact]
    public void Run_NodeThatNoOutputNeeds_IsNotLookedAt() =>
        Assert.Empty(Run(TextToImage.TrimEnd()[..^1] + """, "99": {"class_type": "KSampler", "inputs": {}}}"""));

    [Fact]
    public void Run_CyclicWorkflow_Ends() =>
        Assert.Empty(Run("""{"1": {"class_type": "ImageInvert", "inputs": {"image": ["2", 0]}}, "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}}, "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["1", 0]}}}"""));

    [Theory]
    [InlineData("\"7,5\"", false)] // no number, whatever the language of the machine
    [InlineData("\"7.5\"", true)]
    [InlineData("\" 7_000e-3 \"", true)]
    [InlineData("\"1,000\"", false)]
    [InlineData("\"٧\"", false)]
    [InlineData("\"seven\"", false)]
    [InlineData("true", true)]
    [InlineData("{\"__value__\": 7.5}", true)]
    [InlineData("null", false)]
    public void Run_NumbersOfEveryKind_AreThoseOfPython(string value, bool isNumber)
    {
        var before = CultureInfo.CurrentCulture;
        var commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (commas.NumberFormat.NumberDecimalSeparator, commas.NumberFormat.NumberGroupSeparator) = (",", ".");
        try
        {
            CultureInfo.CurrentCulture = commas; // 7,5 is a number there

            Assert.Equal(isNumber, Run(TextToImage.Replace("\"cfg\": 8", $"\"cfg\": {value}", StringComparison.Ordinal)).Count == 0);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Run_GeneratedNumbers_AreWithinLimitsAsTheyAreWritten() =>
        Gen.Select(Gen.Double[-20, 20_000], Gen.Bool).Sample(
            static (number, asText) =>
            {
                var written = number.ToString("R", CultureInfo.InvariantCulture);
                var problems = Run(TextToImage.Replace("\"steps\": 20", $"\"steps\": {Math.Truncate(number).ToString("0", CultureInfo.InvariantCulture)}", StringComparison.Ordinal)
                    .Replace("\"denoise\": 1", $"\"denoise\": {(asText ? $"\"{written}\"" : written)}", StringComparison.Ordinal));

                Assert.Equal(Math.Truncate(number) is < 1 or > 10_000, problems.Any(static p => p.Location[^1] is "steps"));
                Assert.Equal(number is < 0 or > 1, problems.Any(static p => p.Location[^1] is "denoise"));
            },
            iter: 500);

    [Fact]
    public void Run_SecondOutputWithMistakes_IsLeftOutAndTold()
    {
        var check = WorkflowCheck.Run(
            Encoding.UTF8.GetBytes(TextToImage.TrimEnd()[..^1] + """
                , "20": {"class_type": "ImageInvert", "inputs": {}}, "21": {"class_type": "PreviewImage", "inputs": {"images": ["20", 0]}}, "22": {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}}
                """),
            RecordedCatalogue.Nodes);

        Assert.Empty(check.Problems);
        Assert.Equal("node '21' (PreviewImage) is left out: node '20': ImageInvert needs the input 'image'", Assert.Single(check.Warnings));
    }

    [Fact]
    public void Run_MistakeThatAllOutputsNeed_IsRefused() => Assert.Equal(
        "cfg",
        Assert.Single(Run(TextToImage.TrimEnd()[..^1].Replace("\"cfg\": 8", "\"cfg\": \"x\"", StringComparison.Ordinal) + """, "22": {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}}""")).Location[^1]);

    [Fact]
    public void Run_LongValues_AreCut()
    {
        var file = new string('A', 100_000);
        var problems = Run(TextToImage.Replace("euler", file, StringComparison.Ordinal).Replace("\"cfg\": 8", $"\"cfg\": \"{file}\"", StringComparison.Ordinal).Replace("[\"4\", 2]", $"[\"{file}\", 2]", StringComparison.Ordinal));

        Assert.Equal(3, problems.Count);
        Assert.All(problems, static p => Assert.DoesNotContain(new string('A', 200), p.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Post_BadWorkflow_IsRefusedBeforeItIsQueued()
    {
        await using var host = await ApiHost.StartAsync();
        host.Engine.Catalogue = RecordedCatalogue.Json();
        await host.Engine.ConnectedAsync();

        var (status, answer) = await host.SubmitAsync("""{"1": {"class_type": "Nope", "inputs": {}}}""");

        Assert.Equal(422, status);
        Assert.Equal("unknown_node", (string?)answer["detail"]![0]!["type"]);
        Assert.Empty(host.Engine.Submitted);
    }

    private static IReadOnlyList<ComfyServe.Api.Requests.ValidationProblem> Run(string workflow) => WorkflowCheck.Run(Encoding.UTF8.GetBytes(workflow), RecordedCatalogue.Nodes).Problems;
}
