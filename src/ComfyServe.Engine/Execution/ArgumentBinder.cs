using System.Collections;
using System.Numerics;
using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Values;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Execution;

/// <summary>Turns literals and results into the arguments of a node's method.</summary>
internal static class ArgumentBinder
{
    /// <summary>A value as a parameter's type.</summary>
    /// <exception cref="NodeException">The value is of another kind; under the name of the error that ComfyUI's node would run into.</exception>
    public static object? Bind(object? value, Type type)
    {
        var target = Nullable.GetUnderlyingType(type) ?? type;
        if (value is JsonNode && target.IsInstanceOfType(value))
        {
            return value is JsonValue && target == typeof(object) ? Plain(value) : value;
        }

        value = Plain(value);
        if (value is null)
        {
            return target.IsValueType && target == type ? throw Mismatch(null, target) : null;
        }

        return target.IsInstanceOfType(value) ? value : Converted(value, target) ?? throw Mismatch(value, target);
    }

    /// <summary>As <see cref="Bind"/>; null becomes the default where the type has no null.</summary>
    public static object? BindOrDefault(object? value, Type type) =>
        value is null ? type.IsValueType ? Activator.CreateInstance(type) : null : Bind(value, type);

    /// <summary>A list as a parameter's list type.</summary>
    public static object BindList(IReadOnlyList<object?> values, Type element)
    {
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(element), values.Count)!;
        foreach (var value in values)
        {
            list.Add(Bind(value, element));
        }

        return list;
    }

    /// <summary>A literal's value; objects and lists of JSON, and what is no JSON, stay as they are.</summary>
    public static object? Plain(object? value) => value is JsonValue scalar
        ? PythonConversion.Scalar(scalar) is BigInteger whole ? Smallest(whole) : PythonConversion.Scalar(scalar)
        : value;

    /// <summary>Boxed one by one: a common type would make every one of them a <see cref="BigInteger"/>.</summary>
    private static object Smallest(BigInteger whole)
    {
        if (whole >= long.MinValue && whole <= long.MaxValue)
        {
            return Box((long)whole);
        }

        return whole >= ulong.MinValue && whole <= ulong.MaxValue ? Box((ulong)whole) : Box(whole);
    }

    private static object Box<T>(T value)
        where T : struct => value;

    private static object? Converted(object value, Type target)
    {
        if (target == typeof(bool))
        {
            return value switch { long n => (object)(n != 0), double d => (object)(d != 0), _ => null };
        }

        if (target == typeof(double))
        {
            double? real = value switch { long n => n, int n => n, ulong n => n, BigInteger n => (double)n, bool b => b ? 1.0 : 0.0, _ => null };
            return real;
        }

        return Whole(value) is { } whole ? Fitted(whole, target) : null;
    }

    private static BigInteger? Whole(object value) => value switch
    {
        long n => n,
        int n => n,
        ulong n => n,
        BigInteger n => n,
        bool b => b ? 1 : 0,
        double d when double.IsFinite(d) && d == Math.Truncate(d) => new BigInteger(d),
        _ => null,
    };

    private static object? Fitted(BigInteger whole, Type target)
    {
        try
        {
            return target == typeof(long) ? Box((long)whole)
                : target == typeof(int) ? Box((int)whole)
                : target == typeof(ulong) ? Box((ulong)whole)
                : target == typeof(BigInteger) ? Box(whole)
                : null;
        }
        catch (OverflowException exception)
        {
            throw new NodeException("OverflowError", $"the number {whole} is out of range for this input", exception);
        }
    }

    private static NodeException Mismatch(object? value, Type target)
    {
        var type = ValueText.TypeName(value);
        if (value is string && target == typeof(Latent))
        {
            return new NodeException("TypeError", "string indices must be integers, not 'str'");
        }

        if (typeof(ITensorOwner).IsAssignableFrom(target) && value is string or null)
        {
            return new NodeException("AttributeError", $"'{type}' object has no attribute 'shape'");
        }

        if (typeof(ITensorOwner).IsAssignableFrom(target) && value is long or ulong or double or bool)
        {
            return new NodeException("TypeError", $"'{type}' object is not subscriptable");
        }

        return new NodeException("TypeError", $"a value of type '{type}' where '{target.Name}' is needed");
    }
}
