"""The flow as the operator sees it: a picture, and its steps in words."""

from flask import Blueprint, render_template
from markupsafe import Markup

from app.auth import require_operator
from app.flow import picture
from app.flow.summary import GROUPS, does, ending, heard, kind_of
from app.settings import current_settings
from app.switch import current_switch

bp = Blueprint("flow", __name__)
bp.before_request(require_operator)


@bp.get("/flow")
def flow() -> str:
    """The picture of all flows, and the same as a list."""
    drawn = current_switch().flow
    try:
        svg = Markup(picture.draw(drawn))  # noqa: S704  (made by an XML writer, of elements that are listed there)
        problem = ""
    except picture.TooLarge as error:
        svg, problem = Markup(), str(error)
    words = {"kind_of": kind_of, "does": does, "heard": heard, "ending": ending, "groups": GROUPS}
    return render_template("flow.html", flow=drawn, svg=svg, problem=problem, file=current_settings().flow_file, **words)
