using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Tests.Execution;

public sealed class PromptValidatorTests : IDisposable
{
    private const string Image = """{"class_type": "EmptyImage", "inputs": {"width": 16, "height": 8, "batch_size": 1, "color": 255}}""";

    private readonly Bench _bench = new(withTestNodes: true);

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("""{}""", "prompt_no_outputs", "Prompt has no outputs", "")]
    [InlineData("""{"1": {"inputs": {}}}""", "invalid_prompt", "Cannot execute because a node is missing the class_type property.", "Node ID '#1'")]
    [InlineData("""{"1": 5}""", "invalid_prompt", "Cannot execute because a node is missing the class_type property.", "Node ID '#1'")]
    [InlineData("""{"1": {"class_type": "Nope", "inputs": {}}}""", "invalid_prompt", "Cannot execute because node Nope does not exist.", "Node ID '#1'")]
    [InlineData("""{"1": {"class_type": null, "inputs": {}}}""", "invalid_prompt", "Cannot execute because node None does not exist.", "Node ID '#1'")]
    public void Validate_UnusablePrompt_IsRefusedWhole(string prompt, string type, string message, string details)
    {
        var validation = _bench.Validate(prompt);

        var error = validation.Error!;
        Assert.Equal((type, message, details, "{}"), ((string?)error["type"], (string?)error["message"], (string?)error["details"], error["extra_info"]!.ToJsonString()));
        Assert.Empty(validation.NodeErrors);
        Assert.Empty(validation.OutputsToExecute);
    }

    [Fact]
    public void Validate_OutputWithoutItsInput_NamesItAtTheTop()
    {
        var validation = _bench.Validate("""{"2": {"class_type": "SaveImage", "inputs": {"filename_prefix": "t"}}}""");

        Assert.Equal("Required input is missing: images", (string?)validation.Error!["details"]);
        Assert.Equal(
            """{"2":{"errors":[{"type":"required_input_missing","message":"Required input is missing","details":"images","extra_info":{"input_name":"images"}}],"dependent_outputs":["2"],"class_type":"SaveImage"}}""",
            validation.NodeErrors.ToJsonString());
    }

    [Fact]
    public void Validate_SeveralBadLiterals_ReportsAllOfThem()
    {
        var validation = _bench.Validate("""
            {"1": {"class_type": "EmptyImage", "inputs": {"width": 0, "height": 8, "batch_size": 5000, "color": "zz"}},
             "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "t"}}}
            """);

        Assert.Equal("", (string?)validation.Error!["details"]);
        var errors = validation.NodeErrors["1"]!["errors"]!.AsArray();
        Assert.Equal(
            [
                ("value_smaller_than_min", "Value 0 smaller than min of 1", "width"),
                ("value_bigger_than_max", "Value 5000 bigger than max of 4096", "batch_size"),
                ("invalid_input_type", "Failed to convert an input value to a INT value", "color, zz, invalid literal for int() with base 10: 'zz'"),
            ],
            errors.Select(e => ((string)e!["type"]!, (string)e["message"]!, (string)e["details"]!)));
        Assert.Equal(["2"], validation.NodeErrors["1"]!["dependent_outputs"]!.AsArray().Select(o => (string?)o));
    }

    [Theory]
    [InlineData("""["1"]""", "bad_linked_input", "images")]
    [InlineData("""["99", 0]""", "exception_during_validation", "'99'", "KeyError")]
    [InlineData("""[1, 0]""", "exception_during_validation", "1", "KeyError")]
    [InlineData("""["1", 5]""", "exception_during_validation", "tuple index out of range", "IndexError")]
    [InlineData("""["1", -2]""", "exception_during_validation", "tuple index out of range", "IndexError")]
    [InlineData("""["1", "a"]""", "exception_during_validation", "tuple indices must be integers or slices, not str", "TypeError")]
    [InlineData("""[["1"], 0]""", "exception_during_validation", "unhashable type: 'list'", "TypeError")]
    public void Validate_BadLink_IsAnErrorOfTheConsumer(string link, string type, string details, string? exception = null)
    {
        var validation = _bench.Validate($$$$"""
            {"1": {{{{Image}}}}, "2": {"class_type": "SaveImage", "inputs": {"images": {{{{link}}}}, "filename_prefix": "t"}}}
            """);

        var error = Assert.Single(validation.NodeErrors["2"]!["errors"]!.AsArray())!;
        Assert.Equal((type, details), ((string?)error["type"], (string?)error["details"]));
        Assert.Equal(exception, (string?)error["extra_info"]!["exception_type"]);
    }

    [Fact]
    public void Validate_LinkFromTheEnd_IsFine() =>
        Assert.Null(_bench.Validate($$$$"""{"1": {{{{Image}}}}, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", -1], "filename_prefix": "t"}}}""").Error);

    [Fact]
    public void Validate_LiteralForAnImage_PassesAndFailsWhenItRuns()
    {
        const string Prompt = """{"2": {"class_type": "SaveImage", "inputs": {"images": "foo", "filename_prefix": "t"}}}""";

        var (outcome, run) = _bench.Run(Prompt);

        Assert.Equal(("error", false), (outcome.StatusText, outcome.Completed));
        var error = run.Single("execution_error");
        Assert.Equal(("AttributeError", "'str' object has no attribute 'shape'\n"), ((string?)error["exception_type"], (string?)error["exception_message"]));
        Assert.Equal(
            """{"images":["foo"],"filename_prefix":["t"],"prompt":["{'2': {'class_type': 'SaveImage', 'inputs': {'images': 'foo', 'filename_prefix': 't'}}}"],"extra_pnginfo":[null]}""",
            error["current_inputs"]!.ToJsonString(Relaxed));
    }

    [Fact]
    public void Validate_ValueOutsideOfAList_ShowsTheListAsPythonDoes()
    {
        var validation = _bench.Validate($$$$"""
            {"1": {{{{Image}}}},
             "3": {"class_type": "ImageScale", "inputs": {"image": ["1", 0], "upscale_method": "zzz", "width": 8, "height": 8, "crop": "disabled"}},
             "2": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}}}
            """);

        var error = validation.NodeErrors["3"]!["errors"]![0]!;
        Assert.Equal("upscale_method: 'zzz' not in ['nearest-exact', 'bilinear', 'area', 'bicubic', 'lanczos']", (string?)error["details"]);
        Assert.Equal("""[["nearest-exact","bilinear","area","bicubic","lanczos"],{}]""", error["extra_info"]!["input_config"]!.ToJsonString());
    }

    [Fact]
    public void Validate_MissingFile_IsTheNodesOwnVerdict()
    {
        var validation = _bench.Validate("""
            {"1": {"class_type": "LoadImage", "inputs": {"image": "none.png"}}, "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}
            """);

        var error = Assert.Single(validation.NodeErrors["1"]!["errors"]!.AsArray())!;
        Assert.Equal(("custom_validation_failed", "image - Invalid image file: none.png"), ((string?)error["type"], (string?)error["details"]));
    }

    [Fact]
    public void Validate_OwnCheck_ExemptsItsInputsOnly()
    {
        var validation = _bench.Validate("""
            {"1": {"class_type": "ToyWords", "inputs": {"word": "c", "count": 9}}, "2": {"class_type": "ToyShow", "inputs": {"value": ["1", 0]}}}
            """);

        var error = Assert.Single(validation.NodeErrors["1"]!["errors"]!.AsArray())!;
        Assert.Equal(("value_bigger_than_max", "count"), ((string?)error["type"], (string?)error["details"]));
    }

    /// <summary>Issue 11: a check that takes only types refused, and nobody heard.</summary>
    [Fact]
    public void Validate_OwnCheckOfTypesAlone_Refuses()
    {
        var validation = _bench.Validate($$$$"""
            {"1": {{{{Image}}}}, "2": {"class_type": "ToyMeets", "inputs": {"value": ["1", 0]}}, "3": {"class_type": "ToyShow", "inputs": {"value": ["2", 0]}}}
            """);

        var error = Assert.Single(validation.NodeErrors["2"]!["errors"]!.AsArray())!;
        Assert.Equal(("custom_validation_failed", "input_types - no images here"), ((string?)error["type"], (string?)error["details"]));
        Assert.Equal("input_types", (string?)error["extra_info"]!["input_name"]);
    }

    [Fact]
    public void Validate_OneGoodAndOneBadOutput_RunsTheGoodOne()
    {
        var validation = _bench.Validate($$$$"""
            {"1": {{{{Image}}}},
             "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
             "3": {"class_type": "PreviewImage", "inputs": {}},
             "4": {"class_type": "PreviewImage", "inputs": {}}}
            """);

        Assert.Null(validation.Error);
        Assert.Equal(["2"], validation.OutputsToExecute);
        Assert.Equal(["3", "4"], validation.NodeErrors["3"]!["dependent_outputs"]!.AsArray().Select(o => (string?)o));
        Assert.Equal(["4"], validation.NodeErrors["4"]!["dependent_outputs"]!.AsArray().Select(o => (string?)o));
    }

    [Fact]
    public void Validate_Cycle_IsRefusedWithoutNamingANode()
    {
        var validation = _bench.Validate("""
            {"1": {"class_type": "ImageInvert", "inputs": {"image": ["2", 0]}},
             "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
             "3": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}
            """);

        Assert.Equal(("prompt_outputs_failed_validation", ""), ((string?)validation.Error!["type"], (string?)validation.Error["details"]));
        Assert.Empty(validation.NodeErrors);
    }

    [Fact]
    public void Validate_ChainOfTenThousandNodes_NeitherOverflowsNorFails()
    {
        var prompt = Bench.Prompt($$$$"""{"0": {{{{Image}}}}, "out": {"class_type": "PreviewImage", "inputs": {"images": ["10000", 0]}}}""");
        for (var i = 1; i <= 10_000; i++)
        {
            prompt[$"{i}"] = new JsonObject { ["class_type"] = "ImageInvert", ["inputs"] = new JsonObject { ["image"] = new JsonArray($"{i - 1}", 0) } };
        }

        Assert.Equal(["out"], _bench.Validator.Validate(prompt, null).OutputsToExecute);
    }

    [Fact]
    public void Validate_NodeWithoutInputs_IsAnErrorOfThatNode()
    {
        var validation = _bench.Validate("""{"1": {"class_type": "EmptyImage"}, "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}""");

        var error = Assert.Single(validation.NodeErrors["1"]!["errors"]!.AsArray())!;
        Assert.Equal(("exception_during_inner_validation", "'inputs'"), ((string?)error["type"], (string?)error["details"]));
        Assert.Equal("""["1",0]""", error["extra_info"]!["linked_node"]!.ToJsonString());
        Assert.False(validation.NodeErrors.ContainsKey("2"));
    }

    [Theory]
    [InlineData("[]", "required_input_missing", "images")]
    [InlineData("null", "exception_during_validation", "argument of type 'NoneType' is not iterable")]
    [InlineData("5", "exception_during_validation", "argument of type 'int' is not iterable")]
    public void Validate_InputsThatAreNoObject_AreAnErrorOfTheNode(string inputs, string type, string details)
    {
        var validation = _bench.Validate($$$$"""{"2": {"class_type": "PreviewImage", "inputs": {{{{inputs}}}}}}""");

        var error = Assert.Single(validation.NodeErrors["2"]!["errors"]!.AsArray())!;
        Assert.Equal((type, details), ((string?)error["type"], (string?)error["details"]));
    }

    [Theory]
    [InlineData(null, "2,3")]
    [InlineData("3", "3")]
    [InlineData("9", "")]
    public void Validate_PartialTargets_ChooseTheOutputs(string? target, string outputs)
    {
        var prompt = Bench.Prompt($$$$"""
            {"1": {{{{Image}}}}, "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}, "3": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}
            """);

        var validation = _bench.Validator.Validate(prompt, target is null ? null : id => id == target);

        Assert.Equal(outputs, string.Join(',', validation.OutputsToExecute));
    }

    [Fact]
    public void Validate_Literals_AreConvertedInPlace()
    {
        var prompt = Bench.Prompt("""
            {"1": {"class_type": "EmptyImage", "inputs": {"width": "16", "height": 8.9, "batch_size": true, "color": {"__value__": 7}}},
             "2": {"class_type": "ToyPick", "inputs": {"first": "false", "one": 5, "two": null}},
             "3": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
             "4": {"class_type": "ToyShow", "inputs": {"value": ["2", 0]}}}
            """);

        var validation = _bench.Validator.Validate(prompt, null);

        Assert.Null(validation.Error?.ToJsonString());
        Assert.Equal("""{"width":16,"height":8,"batch_size":1,"color":7}""", prompt["1"]!["inputs"]!.ToJsonString());
        Assert.Equal("""{"first":true,"one":"5","two":"None"}""", prompt["2"]!["inputs"]!.ToJsonString());
    }

    [Fact]
    public void Validate_LargestSeed_IsExact()
    {
        var prompt = Bench.Prompt("""{"1": {"class_type": "ToyShow", "inputs": {"value": 18446744073709551615}}}""");

        _bench.Validator.Validate(prompt, null);
        var (_, run) = _bench.Run(prompt.ToJsonString());

        Assert.Equal("18446744073709551615", (string?)run.Single("executed")["output"]!["text"]![0]);
    }

    private static readonly System.Text.Json.JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
