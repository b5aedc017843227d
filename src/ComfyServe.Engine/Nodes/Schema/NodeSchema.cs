namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>The two forms that ComfyUI's <c>/object_info</c> entries have.</summary>
public enum NodeSchema
{
    /// <summary>The form of the family; <see cref="V1"/> where the family says nothing.</summary>
    Inherit,

    /// <summary>Combos are <c>[["a", "b"], {…}]</c>; flags appear when set.</summary>
    V1,

    /// <summary>Combos are <c>["COMBO", {"options": […]}]</c>; every flag and option object appears.</summary>
    V3,
}
