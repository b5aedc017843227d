using System.Globalization;
using System.Text.Json.Nodes;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Workflows.Tests.Json;

public sealed class PythonConversionTests
{
    [Theory]
    [InlineData("3", "3")]
    [InlineData("3.7", "3")]
    [InlineData("-3.7", "-3")]
    [InlineData("true", "1")]
    [InlineData("\" +1_000 \"", "1000")]
    [InlineData("18446744073709551615", "18446744073709551615")]
    [InlineData("1e20", "100000000000000000000")]
    public void ToInteger_WhatPythonConverts_IsConverted(string json, string expected)
    {
        var whole = PythonConversion.ToInteger(JsonNode.Parse(json));

        Assert.Equal(expected, whole.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(expected, PythonConversion.ToJson(whole).ToJsonString());
    }

    [Theory]
    [InlineData("\"3.7\"", "invalid literal for int() with base 10: '3.7'")]
    [InlineData("\"1__0\"", "invalid literal for int() with base 10: '1__0'")]
    [InlineData("\"_1\"", "invalid literal for int() with base 10: '_1'")]
    [InlineData("\"\"", "invalid literal for int() with base 10: ''")]
    [InlineData("null", "int() argument must be a string, a bytes-like object or a real number, not 'NoneType'")]
    [InlineData("{}", "int() argument must be a string, a bytes-like object or a real number, not 'dict'")]
    [InlineData("1e400", "cannot convert float infinity to integer")]
    public void ToInteger_WhatPythonRefuses_HasItsMessage(string json, string message)
    {
        var exception = Record.Exception(() => PythonConversion.ToInteger(JsonNode.Parse(json)));

        Assert.Equal(message, exception?.Message);
    }

    [Fact]
    public void ToInteger_EndlessDigits_AreRefused() =>
        Assert.StartsWith("Exceeds the limit (4300 digits)", Assert.Throws<FormatException>(() => PythonConversion.ToInteger(new string('9', 5000))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("3", 3.0)]
    [InlineData("\" 1_0.5e1 \"", 105.0)]
    [InlineData("\".5\"", 0.5)]
    [InlineData("\"-Infinity\"", double.NegativeInfinity)]
    [InlineData("\"nan\"", double.NaN)]
    [InlineData("false", 0.0)]
    public void ToReal_WhatPythonConverts_IsConverted(string json, double expected) =>
        Assert.Equal(expected, PythonConversion.ToReal(JsonNode.Parse(json)));

    [Theory]
    [InlineData("\"abc\"", "could not convert string to float: 'abc'")]
    [InlineData("\"1,5\"", "could not convert string to float: '1,5'")]
    [InlineData("\"e5\"", "could not convert string to float: 'e5'")]
    [InlineData("[]", "float() argument must be a string or a real number, not 'list'")]
    public void ToReal_WhatPythonRefuses_HasItsMessage(string json, string message) =>
        Assert.Equal(message, Record.Exception(() => PythonConversion.ToReal(JsonNode.Parse(json)))?.Message);

    [Theory]
    [InlineData("\"false\"", true)]
    [InlineData("\"\"", false)]
    [InlineData("0.0", false)]
    [InlineData("[0]", true)]
    [InlineData("{}", false)]
    [InlineData("null", false)]
    public void ToBoolean_AnyValue_IsPythonsTruth(string json, bool expected) =>
        Assert.Equal(expected, PythonConversion.ToBoolean(JsonNode.Parse(json)));
}
